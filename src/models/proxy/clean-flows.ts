import { listFlows } from "../../linux/plumbing/flows.js";
import type { NodeDoor } from "../node-door.js";
import type { Family } from "./sloppy-address.js";
import { looksAtFlows, staleFlows } from "./stale-flows.js";
import type { ProxyView } from "./view.js";

/** Deletes the flows that a sync made stale: clients of UDP would keep talking to an endpoint that is gone. */
export function cleanFlows(door: NodeDoor, own: Family, before: ProxyView, after: ProxyView): void {
  if (!looksAtFlows(before, after, own)) return;
  const isStale = staleFlows(after, own);
  for (const { family, proto, original, reply } of listFlows(door.stack, door.ns)) {
    if (family !== own || proto !== "udp") continue;
    if (!isStale({ originalDestination: original.dst, originalPort: original.dport, replySource: reply.src })) continue;
    const filter = { family, proto, origSrc: original.src, origDst: original.dst, sport: original.sport, dport: original.dport };
    door.plumb({ verb: "conntrack-delete", ns: door.ns, filter });
  }
}
