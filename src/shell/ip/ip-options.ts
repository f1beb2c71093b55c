import { type Json, jsonText } from "../json-text.js";
import { Ended, type Output } from "../output.js";
import type { Place } from "../place.js";
import type { WordReader } from "../word-reader.js";

/** What the options before the object said. */
export interface IpOptions {
  /** 0: not given */
  readonly family: 0 | 4 | 6;
  readonly statistics: boolean;
  readonly details: boolean;
  readonly oneLine: boolean;
  readonly brief: boolean;
  readonly json: boolean;
  /** JSON over several lines */
  readonly pretty: boolean;
}

/** Records as `-j` prints them. */
export function printed(options: IpOptions, records: readonly Json[]): string {
  return jsonText(records, options.pretty);
}

/** Runs another command in a namespace, for `ip netns exec`. */
export type RunIn = (place: Place, words: readonly string[]) => Output;

/** The verb of an object by its abbreviation, the first of `verbs` without one. */
export function verbOf(reader: WordReader, object: string, verbs: readonly string[], fallback: string): string {
  const word = reader.peek();
  if (word === undefined) return fallback;
  const verb = verbs.find((known) => known.startsWith(word));
  if (verb === undefined) throw new Ended(255, `Command "${word}" is unknown, try "ip ${object} help".`);
  reader.take();
  return verb;
}
