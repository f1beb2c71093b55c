/**
 * A routing daemon that only calls: it has no listening port, so that it may stand beside another on a machine, as FRR's bgpd in
 * MetalLB's speakers (`bgpd_options="-p 0"`). In all else it is BIRD.
 */
import { launch, type Program } from "../../linux/sock/app.js";
import type { Stack } from "../../linux/stack.js";
import { birdProgram } from "./bird-program.js";
import { readConfig } from "./config/read-config.js";

/** The program "bgpd"; a world in which `startSpeaker` is used must be made with it. */
export const speakerProgram: Program = Object.freeze<Program>({ name: "bgpd", on: birdProgram.on });

/** Starts one, by a configuration in BIRD's language: its number for `configureBird` and `stopBird`, or what is wrong with the configuration. */
export function startSpeaker(s: Stack, ns: number, text: string, cause: number, name: string): { readonly app: number } | { readonly errors: readonly string[] } {
  const config = readConfig(text);
  if (typeof config === "string") return { errors: [config] };
  return { app: launch(s, ns, speakerProgram.name, { config, text, cause, name, calls: true }, cause) };
}
