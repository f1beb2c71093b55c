/** Chance by script: what balancing rules draw is told beforehand, so that every outcome can be tried once. */
import { Streams, type StreamsState } from "../engine/rng.js";

/** Chains of kube-proxy whose rules draw an endpoint. */
const BALANCING = /\/KUBE-SV[CL]-/;
/** As u32: below every chance that kube-proxy writes, and above all of them. */
const YES = 0;
const NO = 0x7fffffff;

/** Answers the first draws of balancing chains as `script` says, and yes from then on; all else is left to chance. */
export class ScriptedDraws extends Streams {
  private script: readonly boolean[] = [];
  private readonly balancing = new Map<number, boolean>();
  /** draws since the script was set */
  drawn = 0;

  follow(script: readonly boolean[]): void {
    this.script = script;
    this.drawn = 0;
  }

  override u32(id: number): number {
    if (!this.isBalancing(id)) return super.u32(id);
    return (this.script[this.drawn++] ?? true) ? YES : NO;
  }

  override restore(state: StreamsState): void {
    super.restore(state);
    this.balancing.clear();
  }

  private isBalancing(id: number): boolean {
    // A stream that has no name yet is being warmed up.
    const name = this.name(id);
    if (name === undefined) return false;
    let known = this.balancing.get(id);
    if (known === undefined) this.balancing.set(id, (known = BALANCING.test(name)));
    return known;
  }
}

/**
 * Every outcome of a run that draws, in draw order: `run` is called with a script, and says how it ended and how many
 * draws there were. Throws a RangeError beyond `limit` outcomes.
 */
export function eachOutcome<T>(run: (script: readonly boolean[]) => { readonly end: T; readonly drawn: number }, limit: number): readonly T[] {
  const ends: T[] = [];
  const waiting: (readonly boolean[])[] = [[]];
  for (let script = waiting.pop(); script !== undefined; script = waiting.pop()) {
    const { end, drawn } = run(script);
    ends.push(end);
    if (ends.length > limit) throw new RangeError(`more than ${limit} outcomes`);
    // The last draw's other answer comes next in draw order: it is pushed last.
    for (let at = script.length; at < drawn; at++) waiting.push([...script, ...Array<boolean>(at - script.length).fill(true), false]);
  }
  return ends;
}
