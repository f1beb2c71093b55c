/** `ipset` commands. */
import { addToSet, createSet, deleteFromSet, destroySet, flushSet, renameSet, swapSets } from "../nf/ipset.js";
import { SetFault } from "../nf/ipset-entry.js";
import type { Stack } from "../stack.js";
import type { ActResult, IpsetAct } from "./act.js";

/** Does one command, whole or not at all; faults in ipset's words. */
export function changeIpset(s: Stack, act: IpsetAct): ActResult {
  const { ns, op, name = "", options = [], exist = false, cause = 0 } = act;
  try {
    if (op === "create") createSet(s, ns, name, act.type ?? "", options, act.family ?? 4, exist, cause);
    else if (op === "add") addToSet(s, ns, name, act.entry ?? "", options, exist, cause);
    else if (op === "del") deleteFromSet(s, ns, name, act.entry ?? "", exist);
    else if (op === "flush") flushSet(s, ns, act.name);
    else if (op === "destroy") destroySet(s, ns, act.name);
    else if (op === "swap") swapSets(s, ns, name, act.to ?? "");
    else renameSet(s, ns, name, act.to ?? "");
    return null;
  } catch (fault) {
    if (!(fault instanceof SetFault)) throw fault;
    return { errno: fault.errno, message: `ipset v7.17: ${fault.message}` };
  }
}
