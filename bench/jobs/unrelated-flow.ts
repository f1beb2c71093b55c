// A packet of a flow that the nat table was never asked about, where the same host also serves N services: PREROUTING, FORWARD and
// POSTROUTING of a node with kube-proxy's nat table and tracking, from one veth to another. Operation: one UDP datagram from one
// pod to another, its connection known. Growing services must not slow it.
import { AddressBook } from "../../src/base/address-book.js";
import { CauseTable } from "../../src/base/causes.js";
import { Engine } from "../../src/engine/engine.js";
import { Streams } from "../../src/engine/rng.js";
import { createStack } from "../../src/linux/boot.js";
import { netnsByName } from "../../src/linux/netns.js";
import { restoreText } from "../../src/linux/nf/restore.js";
import { plumb } from "../../src/linux/plumbing.js";
import type { Act } from "../../src/linux/plumbing/act.js";
import { launch, type Program } from "../../src/linux/sock/app.js";
import { udpSend } from "../../src/linux/sock/udp.js";
import type { Stack } from "../../src/linux/stack.js";
import { Packets } from "../../src/packet/packets.js";
import { Payloads } from "../../src/packet/payload.js";
import type { Job, Work } from "../job.js";
import { natTable } from "../service-rules.js";

const PORT = 9000;
const CHECKED = 50;
const LENGTH = 64;

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

function must(s: Stack, act: Act): void {
  const refused = plumb(s, act);
  if (refused !== null) throw new Error(refused.message);
}

function ours(size: number): Work {
  const s = createStack({ engine: new Engine(1), streams: new Streams(1), book: new AddressBook(), causes: new CauseTable(), packets: new Packets(), payloads: new Payloads(), programs: [sink, source] });
  const [a, node, b] = ["a", "node", "b"].map((name) => {
    must(s, { verb: "netns-add", node: 1, name });
    const ns = netnsByName(s, 1, name);
    must(s, { verb: "link-set", ns, name: "lo", up: true });
    return ns;
  }) as [number, number, number];
  must(s, { verb: "sysctl", ns: node, key: "net.ipv4.ip_forward", value: "1" });
  for (const [i, pod] of [a, b].entries()) {
    must(s, { verb: "link-add", ns: pod, name: "eth0", kind: "veth", peer: { ns: node, name: `pod${i}` } });
    must(s, { verb: "link-set", ns: pod, name: "eth0", up: true });
    must(s, { verb: "link-set", ns: node, name: `pod${i}`, up: true });
    must(s, { verb: "addr-add", ns: pod, dev: "eth0", addr: `10.100.${i}.2/24` });
    must(s, { verb: "addr-add", ns: node, dev: `pod${i}`, addr: `10.100.${i}.1/24` });
    must(s, { verb: "route-add", ns: pod, dst: "default", via: `10.100.${i}.1` });
  }
  const fault = restoreText(s, node, 4, natTable(size), { noflush: false, counters: false, flavour: "legacy" });
  if (fault !== null) throw new Error(fault.message);
  s.nf.parsed.clear();
  launch(s, b, "sink", {});
  const sock = s.app.apps.get(launch(s, a, "source", {}))!.state["sock"] as number;
  const payload = s.payloads.put(new Uint8Array(LENGTH).fill(7));
  const dst = s.book.ofText("10.100.1.2");
  const send = (n: number): void => {
    for (let i = 0; i < n; i++) {
      udpSend(s, sock, dst, PORT, payload, 0, LENGTH);
      s.engine.run(s.engine.now);
    }
  };
  send(1);
  s.engine.run(10_000_000);
  if (s.ct.t.count !== 1) throw new Error("the node does not track the flow");
  return {
    run: send,
    check() {
      received = 0;
      send(CHECKED);
      return received;
    },
  };
}

export const job: Job = {
  sizes: [100, 1000, 10_000],
  contenders: { ours },
};
