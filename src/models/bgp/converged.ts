/** Whether the routing daemons of a world have said what they have to say. */
import type { Stack } from "../../linux/stack.js";
import { birdProgram } from "./bird-program.js";
import type { BirdState } from "./daemon/state.js";
import { mapEntries, mapGet } from "./persistent-map.js";

/** Every session of every daemon stands, or has met an error, or is switched off; and nothing waits to be sent. */
export function speakersSettled(s: Stack): boolean {
  for (const { program, exit, state } of s.app.apps.values()) {
    if (program !== birdProgram.name || exit !== undefined) continue;
    const { order, protocols } = state as unknown as BirdState;
    for (const name of order) {
      const held = mapGet(protocols, name);
      const bgp = held?.bgp;
      if (held === undefined || bgp === undefined || bgp === null || held.disabled) continue;
      if (held.state !== "up" ? bgp.error === "" : mapEntries(bgp.pending).length > 0 || bgp.ends.length > 0) return false;
    }
  }
  return true;
}
