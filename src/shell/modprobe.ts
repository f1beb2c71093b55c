/** `modprobe`: the one module here that shows when it is loaded is ipip, by its `tunl0`; all others are there from the start. */
import { plumb } from "../linux/plumbing.js";
import { said, type Output } from "./output.js";
import type { Place } from "./place.js";

export function modprobe({ s, home }: Place, words: readonly string[]): Output {
  // Loading it again is no error.
  if (words.includes("ipip")) plumb(s, { verb: "link-add", ns: home, name: "tunl0", kind: "ipip" });
  return said("");
}
