/** A world of namespaces for tests: a stack with everything installed, and short words for acts. */
import { AddressBook } from "../../src/base/address-book.js";
import { CauseTable } from "../../src/base/causes.js";
import { Engine } from "../../src/engine/engine.js";
import { Streams } from "../../src/engine/rng.js";
import { createStack } from "../../src/linux/boot.js";
import { netnsByName } from "../../src/linux/netns.js";
import { plumb } from "../../src/linux/plumbing.js";
import type { Act } from "../../src/linux/plumbing/act.js";
import type { AppDoor, Program } from "../../src/linux/sock/app.js";
import type { AppEvent } from "../../src/linux/sock/app-event.js";
import type { Stack } from "../../src/linux/stack.js";
import { Packets } from "../../src/packet/packets.js";
import { Payloads } from "../../src/packet/payload.js";
import { TraceRing } from "../../src/trace/ring.js";

/** A program that hands every event to a function of the test. */
export function probeProgram(name: string, on: (door: AppDoor, event: AppEvent) => void): Program {
  return { name, on };
}

export function makeStack(programs: readonly Program[] = [], seed = 1): Stack {
  const engine = new Engine(seed);
  return createStack({ engine, streams: new Streams(seed), book: new AddressBook(), causes: new CauseTable(), packets: new Packets(), payloads: new Payloads(), programs });
}

/** Does an act that must succeed. */
export function act(s: Stack, a: Act): void {
  const refused = plumb(s, a);
  if (refused !== null) throw new Error(`${a.verb}: ${refused.message}`);
}

/** A namespace of machine `node` with lo up. */
export function netns(s: Stack, name: string, node = 1): number {
  act(s, { verb: "netns-add", node, name });
  const ns = netnsByName(s, node, name);
  act(s, { verb: "link-set", ns, name: "lo", up: true });
  return ns;
}

/** A veth pair with an address at each end, both up. */
export function joinByVeth(s: Stack, a: number, aName: string, aAddr: string, b: number, bName: string, bAddr: string): void {
  act(s, { verb: "link-add", ns: a, name: aName, kind: "veth", peer: { ns: b, name: bName } });
  act(s, { verb: "link-set", ns: a, name: aName, up: true });
  act(s, { verb: "link-set", ns: b, name: bName, up: true });
  act(s, { verb: "addr-add", ns: a, dev: aName, addr: aAddr });
  act(s, { verb: "addr-add", ns: b, dev: bName, addr: bAddr });
}

/** Records every step of every packet from now on. */
export function record(s: Stack): TraceRing {
  const ring = new TraceRing(1 << 16);
  s.trace = ring;
  s.snapshots = new Packets();
  return ring;
}
