import type { NodeDoor } from "../node-door.js";
import type { TableVerb } from "./iptables/jump-rules.js";
import type { Family } from "./sloppy-address.js";

/** Does what a proxy makes sure of outside its payload: chains that exist and jumps that stand somewhere stay as they are. */
export function ensureVerbs(door: NodeDoor, family: Family, verbs: readonly TableVerb[]): void {
  const { ns } = door;
  for (const verb of verbs) {
    const { table, chain, cause } = verb;
    const at = Object.freeze({ verb: "iptables", ns, family, table, chain, cause } as const);
    if (verb.verb === "ensureChain") door.plumb({ ...at, op: "new-chain" });
    else if (door.plumb({ ...at, op: "check", spec: verb.spec }) !== null) door.plumb({ ...at, op: "insert", spec: verb.spec });
  }
}
