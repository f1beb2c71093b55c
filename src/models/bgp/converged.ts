/** Whether the routing daemons of a world have said what they have to say. */
import type { Stack } from "../../linux/stack.js";
import { birdProgram } from "./bird-program.js";
import { speakerProgram } from "./speaker-program.js";
import type { BirdConfig } from "./config/config.js";
import type { BgpState, BirdState } from "./daemon/state.js";
import { mapEntries, mapGet } from "./persistent-map.js";

/** Every session of every daemon stands, or has met an error, or is switched off, or waits to be called; and nothing waits to be sent. */
export function speakersSettled(s: Stack): boolean {
  for (const { program, exit, state } of s.app.apps.values()) {
    if ((program !== birdProgram.name && program !== speakerProgram.name) || exit !== undefined) continue;
    const { config, order, protocols } = state as unknown as BirdState;
    for (const name of order) {
      const held = mapGet(protocols, name);
      const bgp = held?.bgp;
      if (held === undefined || bgp === undefined || bgp === null || held.disabled) continue;
      if (held.state !== "up" ? bgp.error === "" && !waitsToBeCalled(config, name, bgp) : mapEntries(bgp.pending).length > 0 || bgp.ends.length > 0) return false;
    }
  }
  return true;
}

/** A session that only its neighbour begins, who has not called yet. */
function waitsToBeCalled({ protocols }: BirdConfig, name: string, { conns }: BgpState): boolean {
  if (conns.some(({ sock }) => sock !== 0)) return false;
  const config = protocols.find((one) => one.name === name);
  return config?.kind === "bgp" && config.passive;
}
