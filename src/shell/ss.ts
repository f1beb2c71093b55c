import { NotModelled, type Output } from "./output.js";
import type { Place } from "./place.js";

export function ss(_place: Place, _words: readonly string[]): Output {
  throw new NotModelled("ss");
}
