import { NotModelled, type Output } from "../output.js";
import type { Place } from "../place.js";

/** `arping`: a raw ARP socket of a program, which the simulation does not have yet. */
export function arping(_place: Place, _words: readonly string[]): Output {
  throw new NotModelled("arping");
}
