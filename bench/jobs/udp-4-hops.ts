// One UDP datagram from a host through three routers to a host: four hops over veth pairs, every step of the kernel on the way.
// Size 0: no rules. Size 1: connection tracking, and nat and filter tables whose walked chains are empty, in the routers. The floor is a bare forwarding
// loop: route table, TTL and checksum in frame bytes, no events, no sockets.
import { AddressBook } from "../../src/base/address-book.js";
import { CauseTable } from "../../src/base/causes.js";
import { Engine } from "../../src/engine/engine.js";
import { Streams } from "../../src/engine/rng.js";
import { createStack } from "../../src/linux/boot.js";
import { netnsByName } from "../../src/linux/netns.js";
import { plumb } from "../../src/linux/plumbing.js";
import type { Act } from "../../src/linux/plumbing/act.js";
import type { Program } from "../../src/linux/sock/app.js";
import { launch } from "../../src/linux/sock/app.js";
import { udpSend } from "../../src/linux/sock/udp.js";
import type { Stack } from "../../src/linux/stack.js";
import { Packets } from "../../src/packet/packets.js";
import { Payloads } from "../../src/packet/payload.js";
import type { FloorWork, Job, Work } from "../job.js";

const PORT = 9000;
const CHECKED = 50;
/** Datagrams under way at once: those of ns-3's program leave every 2 us and take over 40. */
const IN_FLIGHT = 20;

let received = 0;

const sink: Program = {
  name: "sink",
  on(door, event) {
    if (event.kind === "start") door.udpBind(0, PORT);
    else if (event.kind === "datagram") received++;
  },
};

const source: Program = {
  name: "source",
  on(door, event) {
    if (event.kind === "start") door.state = { sock: door.udpBind(0, 40000) };
  },
};

interface Path {
  readonly s: Stack;
  readonly sock: number;
  readonly dst: number;
  readonly payload: number;
}

function must(s: Stack, act: Act): void {
  const refused = plumb(s, act);
  if (refused !== null) throw new Error(refused.message);
}

function build(tracked: boolean): Path {
  const engine = new Engine(1);
  const s = createStack({ engine, streams: new Streams(1), book: new AddressBook(), causes: new CauseTable(), packets: new Packets(), payloads: new Payloads(), programs: [sink, source] });
  const nodes = ["a", "r1", "r2", "r3", "b"].map((name) => {
    must(s, { verb: "netns-add", node: 1, name });
    const ns = netnsByName(s, 1, name);
    must(s, { verb: "link-set", ns, name: "lo", up: true });
    must(s, { verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1" });
    return ns;
  });
  for (let i = 0; i < 4; i++) {
    must(s, { verb: "link-add", ns: nodes[i]!, name: "right", kind: "veth", peer: { ns: nodes[i + 1]!, name: "left" } });
    must(s, { verb: "link-set", ns: nodes[i]!, name: "right", up: true });
    must(s, { verb: "link-set", ns: nodes[i + 1]!, name: "left", up: true });
    must(s, { verb: "addr-add", ns: nodes[i]!, dev: "right", addr: `10.0.${i}.1/24` });
    must(s, { verb: "addr-add", ns: nodes[i + 1]!, dev: "left", addr: `10.0.${i}.2/24` });
  }
  for (let i = 0; i < 3; i++) must(s, { verb: "route-add", ns: nodes[i]!, dst: "10.0.3.0/24", via: `10.0.${i}.2` });
  for (let i = 2; i < 5; i++) must(s, { verb: "route-add", ns: nodes[i]!, dst: "10.0.0.0/24", via: `10.0.${i - 1}.1` });
  if (tracked) {
    for (const ns of nodes.slice(1, 4)) {
      // A rule in a chain that nothing leads to: the kernel tracks for as long as some rule asks for it.
      must(s, { verb: "iptables", ns, family: 4, table: "filter", op: "new-chain", chain: "ASIDE" });
      must(s, { verb: "iptables", ns, family: 4, table: "filter", op: "append", chain: "ASIDE", spec: "-m conntrack --ctstate INVALID -j DROP" });
      for (const table of ["nat", "filter"] as const) must(s, { verb: "iptables", ns, family: 4, table, op: "policy", chain: "OUTPUT", policy: "ACCEPT" });
    }
  }
  launch(s, nodes[4]!, "sink", {});
  const app = launch(s, nodes[0]!, "source", {});
  const payload = s.payloads.put(new Uint8Array(64).fill(7));
  return { s, sock: s.app.apps.get(app)!.state["sock"] as number, dst: s.book.ofText("10.0.3.2"), payload };
}

function ours(size: number): Work {
  const path = build(size === 1);
  const send = (n: number): void => {
    const { s, sock, dst, payload } = path;
    for (let i = 0; i < n; i += IN_FLIGHT) {
      for (let k = Math.min(IN_FLIGHT, n - i); k > 0; k--) udpSend(s, sock, dst, PORT, payload, 0, 64);
      s.engine.run(s.engine.now);
    }
  };
  send(1);
  path.s.engine.run(10_000_000);
  if (size === 1 && path.s.ct.t.count !== 3) throw new Error(`not every router tracks the flow: ${path.s.ct.t.count}`);
  return {
    run: send,
    check() {
      received = 0;
      send(CHECKED);
      return received;
    },
  };
}

/** The same way as bytes: at each hop a lookup, a lower TTL, and the header's sum mended (RFC 1624). */
function bareLoop(): FloorWork {
  const routes = new Uint32Array(65536);
  for (let i = 0; i < routes.length; i++) routes[i] = i & 3;
  const frame = new Uint8Array(92);
  let kept = 0;
  return {
    run(n) {
      for (let i = 0; i < n; i++) {
        frame[8] = 64;
        for (let hop = 0; hop < 4; hop++) {
          kept ^= routes[((frame[18]! << 8) | frame[19]!) & 65535]!;
          frame[8] = frame[8]! - 1;
          const sum = ((frame[10]! << 8) | frame[11]!) + 0x100;
          const folded = (sum & 0xffff) + (sum >> 16);
          frame[10] = folded >> 8;
          frame[11] = folded & 255;
        }
      }
      if (kept < 0) throw new Error("a port is negative");
    },
  };
}

export const job: Job = {
  sizes: [0, 1],
  contenders: { ours, floor: { name: "bare forwarding loop", make: () => bareLoop() } },
};
