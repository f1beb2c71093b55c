import { saveTables } from "../../../src/linux/nf/save.js";
import { plumb } from "../../../src/linux/plumbing.js";
import type { Act, ActResult } from "../../../src/linux/plumbing/act.js";
import type { NodeDoor } from "../../../src/models/node-door.js";
import { Shell } from "../../../src/shell/shell.js";
import { makeStack, netns } from "../../linux/world.js";

/** A node of the simulated kernel, and what every act on it was answered. */
export class SimulatedNode implements NodeDoor {
  readonly stack = makeStack();
  readonly ns: number = netns(this.stack, "node");
  readonly node = "node-a";
  readonly memory = new Map<string, unknown>();
  readonly refusals: string[] = [];

  plumb(act: Act): ActResult {
    const refused = plumb(this.stack, act);
    const asked = act.verb === "iptables" && (act.op === "check" || act.op === "new-chain");
    if (refused !== null && !asked) this.refusals.push(`${act.verb}: ${refused.message}`);
    return refused;
  }

  below(): number {
    return 0;
  }

  cause(object: string, path: string): number {
    return this.stack.causes.of(object, path, "kube-proxy");
  }

  saved(family: 4 | 6): string {
    return saveTables(this.stack, this.ns, family, { flavour: "nft" });
  }

  /** What a command prints. */
  run(command: string): string {
    return new Shell(this.stack, this.ns).run(command).text;
  }
}
