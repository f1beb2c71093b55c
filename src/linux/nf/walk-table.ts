/** One table at one hook, as ipt_do_table is called: the frame of the walk before, the fate of the packet after. */
import { DROP } from "../../base/codes.js";
import { STEP } from "../../trace/kinds.js";
import { NF, type Stack } from "../stack.js";
import { traceStep } from "../trace-step.js";
import { expressRow, meetService } from "./compile/meet-service.js";
import { emptyVerdict, walkCompiled } from "./compile/walk-compiled.js";
import type { NfTable } from "./table.js";
import type { WalkFrame } from "./walk-frame.js";

/** How the chains are walked: `walkCompiled`, or `walkChains`, which judges it. */
export type Walk = (s: Stack, p: number, table: NfTable, frame: WalkFrame) => number;

/** The verdict NF.* of a table at one of its hooks; a dropped packet is gone. */
export function walkTable(s: Stack, p: number, table: NfTable, hook: number, inDev: number, outDev: number, walk: Walk = walkCompiled): number {
  const quick = s.trace === null && walk === walkCompiled ? quickVerdict(s, p, table, hook) : -1;
  const verdict = quick >= 0 ? quick : walkFrom(s, p, table, hook, inDev, outDev, walk);
  if (verdict === NF.drop) s.op.drop(p, table.ns, inDev !== 0 ? inDev : outDev, DROP.NETFILTER_DROP);
  return verdict;
}

/** The verdict of what needs no walk: a chain without rules, a service that is known. -1 for all else. */
function quickVerdict(s: Stack, p: number, table: NfTable, hook: number): number {
  const row = expressRow(s, p, table, hook);
  return row !== 0 ? meetService(s, p, table, hook, row) : emptyVerdict(s, p, table, hook);
}

function walkFrom(s: Stack, p: number, table: NfTable, hook: number, inDev: number, outDev: number, walk: Walk): number {
  const frame = s.nf.enter();
  frame.ns = table.ns;
  frame.family = table.family;
  frame.table = table.index;
  frame.hook = hook;
  frame.inDev = inDev;
  frame.outDev = outDev;
  frame.inName = frame.outName = frame.physInName = frame.physOutName = -1;
  frame.hotdrop = false;
  if (s.trace !== null) traceStep(s, STEP.HOOK, p, table.ns, inDev !== 0 ? inDev : outDev, hook, table.index);
  const verdict = walk(s, p, table, frame);
  s.nf.leave();
  return verdict;
}
