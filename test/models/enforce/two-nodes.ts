// Two real simulated nodes, each with a bridge and pods behind veth pairs, a fabric between them, and one address outside.
import type { Act, ActResult } from "../../../src/linux/plumbing/act.js";
import { plumb } from "../../../src/linux/plumbing.js";
import { type AppDoor, killApp, launch, type Program } from "../../../src/linux/sock/app.js";
import type { AppEvent } from "../../../src/linux/sock/app-event.js";
import type { Stack } from "../../../src/linux/stack.js";
import { setEntries } from "../../../src/linux/nf/ipset.js";
import { saveTables } from "../../../src/linux/nf/save.js";
import type { EnforceModel, EnforceView } from "../../../src/models/enforce/enforce-model.js";
import type { NodeDoor } from "../../../src/models/node-door.js";
import { act, joinByVeth, makeStack, netns } from "../../linux/world.js";

export const OUTSIDE = "1.1.1.1";
export const PORTS: readonly number[] = [1, 53, 80, 443, 444, 8080, 8081];
export type Protocol = "TCP" | "UDP" | "ICMP";

export interface NodePlace {
  readonly name: string;
  readonly ip: string;
  readonly subnet: string;
  readonly gateway: string;
}

export const NODES: readonly NodePlace[] = [
  { name: "n1", ip: "192.168.0.1", subnet: "10.0.0.0/24", gateway: "10.0.0.254" },
  { name: "n2", ip: "192.168.0.2", subnet: "10.0.1.0/24", gateway: "10.0.1.254" },
];

/** One thing to try: from whom, to which address. */
export interface Try {
  readonly from: string;
  readonly to: string;
  readonly protocol: Protocol;
  readonly port: number;
}

const WAIT = 500_000_000;
/** Longer than connection tracking remembers an answered datagram or echo: a number drawn again is a new flow then. */
const FORGET = 200_000_000_000;

/** What the programs of one world have heard. */
export class Answers {
  readonly heard = new Set<string>();
  readonly keys = new Map<string, string>();
}

export function server(): Program {
  return {
    name: "answer",
    on(door, event) {
      if (event.kind === "start") {
        for (const port of PORTS) {
          door.udpBind(0, port);
          door.tcpListen(0, port);
        }
      } else if (event.kind === "datagram") door.udpSend(event.sock, event.from, event.port, new TextEncoder().encode("a"));
      else if (event.kind === "data") door.tcpSend(event.sock, new TextEncoder().encode("a"));
      else if (event.kind === "end") door.tcpClose(event.sock);
    },
  };
}

/** Tries one thing each microsecond, so that no queue behind an unanswered ARP request runs over. */
export function prober(answers: Answers): Program {
  const begin = (door: AppDoor, each: Try): void => {
    const to = door.addressOf(each.to);
    const sock = each.protocol === "TCP" ? door.tcpConnect(to, each.port) : each.protocol === "UDP" ? door.udpBind(0, 0) : door.pingOpen();
    answers.keys.set(`${door.app} ${sock}`, keyOf(each));
    if (each.protocol === "UDP") door.udpSend(sock, to, each.port, new TextEncoder().encode("q"));
    else if (each.protocol === "ICMP") door.pingSend(sock, to, 1, 8);
  };
  return {
    name: "ask",
    on(door: AppDoor, event: AppEvent) {
      if (event.kind === "start") {
        door.state = event.args;
        (event.args["tries"] as readonly Try[]).forEach((_, i) => void door.timer(1000 * i, i));
      } else if (event.kind === "timer") begin(door, (door.state["tries"] as readonly Try[])[event.word]!);
      else if (event.kind === "connected" || event.kind === "datagram" || event.kind === "echo") answers.heard.add(answers.keys.get(`${door.app} ${event.sock}`)!);
    },
  };
}

export const keyOf = ({ from, to, protocol, port }: Try): string => `${from} -> ${to}:${port}/${protocol}`;

export class TwoNodes {
  readonly s: Stack;
  readonly acts: Act[] = [];
  readonly model: EnforceModel;
  readonly roots = new Map<string, number>();
  readonly #places = new Map<string, number>();
  readonly #answers = new Answers();

  constructor(model: EnforceModel, more: readonly Program[] = []) {
    this.model = model;
    this.s = makeStack([server(), prober(this.#answers), ...more]);
    const { s } = this;
    const fabric = netns(s, "fabric", 9);
    act(s, { verb: "link-add", ns: fabric, name: "kind", kind: "bridge", up: true });
    NODES.forEach((node, i) => {
      const ns = netns(s, node.name, i + 1);
      this.roots.set(node.name, ns);
      this.#plug(fabric, node.name, ns, `${node.ip}/24`);
      act(s, { verb: "link-add", ns, name: "cni0", kind: "bridge", up: true });
      act(s, { verb: "addr-add", ns, dev: "cni0", addr: `${node.gateway}/24` });
      act(s, { verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1" });
      act(s, { verb: "route-add", ns, dst: `${OUTSIDE}/32`, via: "192.168.0.9" });
      const other = NODES[1 - i]!;
      act(s, { verb: "route-add", ns, dst: other.subnet, via: other.ip, dev: "eth0" });
      this.#serve(node.name, ns);
    });
    const out = netns(s, "out", 8);
    this.#plug(fabric, "out", out, "192.168.0.9/24");
    act(s, { verb: "addr-add", ns: out, dev: "lo", addr: `${OUTSIDE}/32` });
    for (const node of NODES) act(s, { verb: "route-add", ns: out, dst: node.subnet, via: node.ip, src: OUTSIDE });
    this.#serve("outside", out);
  }

  #plug(fabric: number, name: string, ns: number, addr: string): void {
    const { s } = this;
    act(s, { verb: "link-add", ns, name: "eth0", kind: "veth", peer: { ns: fabric, name }, up: true });
    act(s, { verb: "link-set", ns: fabric, name, master: "kind", up: true });
    act(s, { verb: "addr-add", ns, dev: "eth0", addr });
  }

  #serve(name: string, ns: number): void {
    this.#places.set(name, ns);
    launch(this.s, ns, "answer", {});
  }

  /** A pod of a node: a namespace behind the node's bridge, where every port answers. */
  addPod(id: string, node: string, ip: string): number {
    const { s } = this;
    const place = NODES.find((each) => each.name === node)!;
    const ns = netns(s, id, 1 + NODES.indexOf(place));
    const veth = `veth${ns}`;
    joinByVeth(s, ns, "eth0", `${ip}/24`, this.roots.get(node)!, veth, "169.254.0.1/32");
    act(s, { verb: "addr-flush", ns: this.roots.get(node)!, dev: veth });
    act(s, { verb: "link-set", ns: this.roots.get(node)!, name: veth, master: "cni0", hairpin: true });
    act(s, { verb: "route-add", ns, dst: "default", via: place.gateway });
    this.#serve(id, ns);
    return ns;
  }

  namespaceOf(place: string): number {
    return this.#places.get(place)!;
  }

  door(node: string): NodeDoor {
    const { s, acts } = this;
    return {
      stack: s,
      ns: this.roots.get(node)!,
      node,
      memory: new Map(),
      plumb(a: Act): ActResult {
        acts.push(a);
        return plumb(s, a);
      },
      below: (what, n) => s.streams.below(s.streams.stream(`${node}/${what}`), n),
      cause: (object, path) => s.causes.of(object, path, "policy-chains"),
    };
  }

  /** Brings both nodes to a view. */
  sync(view: EnforceView): void {
    for (const node of NODES) {
      const refused = this.model.sync(this.door(node.name), view);
      if (refused !== null) throw new Error(refused.message);
    }
  }

  /** Sends all of them, and says which were answered. */
  ask(tries: readonly Try[]): ReadonlySet<string> {
    this.#answers.heard.clear();
    const apps = [...new Set(tries.map((each) => each.from))].map((from) => launch(this.s, this.namespaceOf(from), "ask", { tries: tries.filter((each) => each.from === from) }));
    this.s.engine.run(this.s.engine.now + WAIT);
    const heard = new Set(this.#answers.heard);
    for (const app of apps) killApp(this.s, app);
    this.s.engine.run(this.s.engine.now + FORGET);
    return heard;
  }

  /** What a node's kernel holds of rules and sets, as text. */
  held(node: string): readonly string[] {
    const { s } = this;
    const ns = this.roots.get(node)!;
    const sets = s.sets.of(ns).flatMap((id) => {
      const set = s.sets.get(ns, id)!;
      return setEntries(s, set).map((e) => `${s.sets.names.name(id)} ${e.text}${e.nomatch ? " nomatch" : ""} #${e.cause}`).concat(`create ${s.sets.names.name(id)}`);
    });
    return [...saveTables(s, ns, 4).split("\n"), ...sets.sort()];
  }
}
