/** The jumps from INPUT, FORWARD and OUTPUT: they stand first, so that no other rule accepts what a policy would refuse. */
import type { ActResult } from "../../linux/plumbing/act.js";
import type { NodeDoor } from "../node-door.js";
import { FILTER } from "./bring.js";
import { TOP_CHAIN } from "./names.js";
import { comment, OWN } from "./wanted.js";

const JUMP = `${comment("network policy")} -j ${TOP_CHAIN}`;

/** Puts a jump first where it does not stand first, and then takes away the ones behind it: there is no moment without. */
export function keepJumpsFirst(door: NodeDoor, family: 4 | 6): ActResult {
  const table = door.stack.nf.get(door.ns, family, FILTER);
  const cause = door.cause(OWN.object, OWN.path);
  for (const chain of ["INPUT", "FORWARD", "OUTPUT"]) {
    const standing = [...(table?.chains.values() ?? [])].find(({ name }) => name === chain)?.rules ?? [];
    const places = standing.flatMap((rule, i) => (rule.text === JUMP ? [i + 1] : []));
    const at = Object.freeze({ verb: "iptables", ns: door.ns, family, table: "filter", chain, cause } as const);
    if (places[0] !== 1) {
      const refused = door.plumb({ ...at, op: "insert", spec: JUMP });
      if (refused !== null) return refused;
    }
    const moved = places[0] === 1 ? 0 : 1;
    for (const place of places.reverse()) if (place !== 1 || moved === 1) door.plumb({ ...at, op: "delete", at: place + moved });
  }
  return null;
}
