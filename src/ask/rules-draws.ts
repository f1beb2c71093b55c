/** Chance by script: what balancing rules draw is told beforehand, so that every outcome can be tried once. */
import { Streams, type StreamsState } from "../engine/rng.js";

/** Chains of kube-proxy whose rules draw an endpoint. */
const BALANCING = /\/KUBE-SV[CL]-/;
/** As u32: below every chance that kube-proxy writes, and above all of them. */
const STATISTIC: readonly number[] = Object.freeze([0, 0x7fffffff]);

/** Answers the first draws of balancing rules as the script says, with the first choice from then on; all else is left to chance. */
export class ScriptedDraws extends Streams {
  private script: readonly number[] = [];
  private readonly balancing = new Map<number, boolean>();
  /** of each draw since the script was set: how many outcomes it could have */
  choices: number[] = [];

  follow(script: readonly number[]): void {
    this.script = script;
    this.choices = [];
  }

  override u32(id: number): number {
    return this.isBalancing(id) ? STATISTIC[this.choose(STATISTIC.length)]! : super.u32(id);
  }

  /** Every draw of this kind is nftables' choice of an endpoint. */
  override scaled(_id: number, n: number): number {
    return this.choose(n);
  }

  private choose(n: number): number {
    this.choices.push(n);
    return this.script[this.choices.length - 1] ?? 0;
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
 * outcomes each of its draws could have. Throws a RangeError beyond `limit` outcomes.
 */
export function eachOutcome<T>(run: (script: readonly number[]) => { readonly end: T; readonly choices: readonly number[] }, limit: number): readonly T[] {
  const ends: T[] = [];
  const waiting: (readonly number[])[] = [[]];
  for (let script = waiting.pop(); script !== undefined; script = waiting.pop()) {
    const { end, choices } = run(script);
    ends.push(end);
    if (ends.length > limit) throw new RangeError(`more than ${limit} outcomes`);
    // What is pushed last comes next: the last draw's second choice.
    for (let at = script.length; at < choices.length; at++) {
      for (let choice = choices[at]! - 1; choice > 0; choice--) waiting.push([...script, ...Array<number>(at - script.length).fill(0), choice]);
    }
  }
  return ends;
}
