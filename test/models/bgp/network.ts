import { createWorld, type World } from "../../../src/cluster/world.js";
import { netnsByName } from "../../../src/linux/netns.js";
import { plumb } from "../../../src/linux/plumbing.js";
import { startBird } from "../../../src/models/bgp/bird-program.js";
import { Shell } from "../../../src/shell/shell.js";
import { SHELL_PROGRAMS } from "../../../src/shell/shell-programs.js";
import { birdc } from "../../../src/shell/bird/birdc.js";

const NODE = 1;

/** A small network of namespaces with daemons in them. */
export class Network {
  readonly world: World = createWorld(1, SHELL_PROGRAMS);
  readonly root: number;

  constructor() {
    plumb(this.world.stack, { verb: "netns-add", node: NODE, name: "root" });
    this.root = netnsByName(this.world.stack, NODE, "root");
  }

  ns(name: string): number {
    return netnsByName(this.world.stack, NODE, name);
  }

  run(...lines: readonly string[]): string {
    const shell = new Shell(this.world.stack, this.root);
    return lines.map((line) => shell.run(line).text).join("");
  }

  /** Starts a daemon; its program's number. */
  bird(name: string, config: string): number {
    const made = startBird(this.world.stack, this.ns(name), config);
    if ("errors" in made) throw new Error(made.errors.join("\n"));
    return made.app;
  }

  birdc(name: string, ...words: readonly string[]): string {
    return birdc(this.world.stack, this.ns(name), name, words);
  }

  pass(seconds: number): void {
    const { engine } = this.world;
    engine.run(engine.now + Math.round(seconds * 1e9));
  }

  /** Two namespaces with a cable: 10.0.N.1 at the first, 10.0.N.2 at the second. */
  cable(n: number, a: string, b: string, family: 4 | 6 = 4): void {
    const address = (host: number): string => (family === 4 ? `10.0.${n}.${host}/24` : `fd00:${n}::${host}/64 nodad`);
    this.run(
      `ip -n ${a} link add to-${b} type veth peer name to-${a} netns ${b}`,
      `ip -n ${a} link set to-${b} up`,
      `ip -n ${b} link set to-${a} up`,
      `ip -n ${a} addr add ${address(1)} dev to-${b}`,
      `ip -n ${b} addr add ${address(2)} dev to-${a}`,
    );
  }
}

/** A daemon of its own AS that passes on everything. */
export function speaker(id: number, routes: readonly string[], peers: readonly { readonly local: string; readonly remote: string; readonly as: number }[], as: number, more = ""): string {
  const sessions = peers.map(({ local, remote, as: theirs }, i) => `protocol bgp p${i} { local ${local} as ${as}; neighbor ${remote} as ${theirs}; connect delay time 1; ${more} ipv4 { import all; export where source ~ [ RTS_STATIC, RTS_BGP ]; }; }`);
  return `router id 10.255.0.${id}; protocol device {} protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; } protocol static { ipv4; ${routes.map((r) => `route ${r} blackhole;`).join(" ")} } ${sessions.join("\n")}`;
}
