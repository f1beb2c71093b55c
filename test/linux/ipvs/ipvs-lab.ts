/** A router r with IPVS between a client's machine a and one of real servers b, of both families, and programs that hold connections. */
import { createWorld, type World } from "../../../src/cluster/world.js";
import { DROP_REASONS } from "../../../src/base/codes.js";
import { SECOND } from "../../../src/base/time.js";
import { addNetns, netnsByName } from "../../../src/linux/netns.js";
import { AppDoor, launch, type Program } from "../../../src/linux/sock/app.js";
import { makeLocal, sendLocal } from "../../../src/linux/sock/local-send.js";
import type { Stack } from "../../../src/linux/stack.js";
import { TCP_FLAG } from "../../../src/packet/columns.js";
import { Packets } from "../../../src/packet/packets.js";
import { Shell, SHELL_PROGRAMS } from "../../../src/shell/index.js";
import { STEP } from "../../../src/trace/kinds.js";
import { TraceRing, type TraceStep } from "../../../src/trace/ring.js";

const text = (bytes: string): Uint8Array => new TextEncoder().encode(bytes);

/** Says back what it hears; datagrams with its name and whom it heard. */
const echo: Program = {
  name: "echo",
  on(door, event) {
    const { name, port, protocol } = door.state as { readonly name: string; readonly port: number; readonly protocol: string };
    if (event.kind === "start") {
      door.state = event.args;
      const args = event.args as { readonly port: number; readonly protocol: string };
      if (args.protocol === "tcp") door.tcpListen(0, args.port);
      else door.udpBind(0, args.port);
    } else if (event.kind === "data") door.tcpSend(event.sock, text(door.text(event)));
    else if (event.kind === "end") door.tcpClose(event.sock);
    else if (event.kind === "datagram" && protocol === "udp" && port > 0) door.udpSend(event.sock, event.from, event.port, text(`${name} ${door.s.book.text(event.from)}`));
  },
};

interface Held {
  readonly sock: number;
  readonly heard: string;
  readonly closed: boolean;
}

/** Opens a connection and keeps it. */
const holder: Program = {
  name: "holder",
  on(door, event) {
    const state = door.state as unknown as Held;
    if (event.kind === "start") {
      const { host, port, from } = event.args as unknown as { readonly host: string; readonly port: number; readonly from: number };
      door.state = { sock: door.tcpConnect(door.addressOf(host), port, 0, from), heard: "", closed: false };
    } else if (event.kind === "data") door.state = { ...state, heard: state.heard + door.text(event) };
    else if (event.kind === "end") door.tcpClose(event.sock);
    else if (event.kind === "closed") door.state = { ...state, closed: true };
  },
};

/** Sends one datagram and closes its socket. */
const shout: Program = {
  name: "shout",
  on(door, event) {
    if (event.kind !== "start") return;
    const { host, port, from } = event.args as unknown as { readonly host: string; readonly port: number; readonly from: number };
    const sock = door.udpBind(0, from);
    door.udpSend(sock, door.addressOf(host), port, text("q"));
    door.udpClose(sock);
  },
};

const BUILD = `
netns add r|netns add a|netns add b
-n r link set lo up|-n a link set lo up|-n b link set lo up
-n r link add va type veth peer name eth0 netns a|-n r link add vb type veth peer name eth0 netns b
-n a link set eth0 up|-n b link set eth0 up|-n r link set va up|-n r link set vb up
-n r addr add 10.1.0.1/24 dev va|-n a addr add 10.1.0.10/24 dev eth0|-n a route add default via 10.1.0.1
-n r addr add 10.2.0.1/24 dev vb|-n b addr add 10.2.0.10/24 dev eth0|-n b addr add 10.2.0.11/24 dev eth0|-n b route add default via 10.2.0.1
-n r addr add fd00:1::1/64 dev va nodad|-n a addr add fd00:1::10/64 dev eth0 nodad|-n a route add default via fd00:1::1
-n r addr add fd00:2::1/64 dev vb nodad|-n b addr add fd00:2::10/64 dev eth0 nodad|-n b route add default via fd00:2::1
-n r link add dummy0 type dummy|-n r addr add 10.96.0.9/32 dev dummy0|-n r addr add fd00:96::9/128 dev dummy0 nodad
`;

export class IpvsLab {
  readonly world: World = createWorld(1, [...SHELL_PROGRAMS, echo, holder, shout]);
  readonly stack: Stack = this.world.stack;
  private readonly ring = new TraceRing(1 << 16);
  private readonly rootNs: number;
  private nextPort = 40001;

  constructor() {
    const s = this.stack;
    this.rootNs = addNetns(s, 1, "root");
    for (const line of BUILD.split(/[\n|]/)) if (line !== "") this.must(`ip ${line}`);
    for (const ns of ["r", "a", "b"]) this.sh(ns, "sysctl -w net.ipv4.icmp_ratemask=0");
    this.sh("r", "sysctl -w net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.vs.conntrack=1");
    // Somebody must ask for connection tracking.
    this.sh("r", "iptables-legacy -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE");
    this.sh("r", "ip6tables-legacy -t nat -A POSTROUTING -s 2001:db8::/64 -j MASQUERADE");
    this.serve("b", 8080);
    this.serve("b", 5353, "udp");
    s.trace = this.ring;
    s.snapshots = new Packets();
    this.run(SECOND);
  }

  ns(name: string): number {
    return netnsByName(this.stack, 1, name);
  }

  /** What a command prints in a namespace. */
  sh(ns: string, command: string): string {
    return new Shell(this.stack, this.ns(ns)).run(command).text;
  }

  /** What a command prints outside of all namespaces. */
  root(command: string): string {
    return new Shell(this.stack, this.rootNs).run(command).text;
  }

  private must(command: string): void {
    const { text: said, code } = new Shell(this.stack, this.rootNs).run(command);
    if (code !== 0) throw new Error(`${command}: ${said}`);
  }

  ipvsadm(...commands: readonly string[]): void {
    for (const command of commands) {
      const said = this.sh("r", `ipvsadm ${command}`);
      if (said !== "") throw new Error(`ipvsadm ${command}: ${said}`);
    }
  }

  sysctl(setting: string): void {
    this.sh("r", `sysctl -w net.ipv4.vs.${setting}`);
  }

  serve(ns: string, port: number, protocol = "tcp"): void {
    launch(this.stack, this.ns(ns), "echo", { name: ns, port, protocol });
  }

  run(duration: number): void {
    this.world.engine.run(this.world.engine.now + duration);
  }

  /** A connection that stands; 0: from the next port of 40001, 40002, ... */
  open(host: string, port: number, from = 0, ns = "a"): number {
    const app = launch(this.stack, this.ns(ns), "holder", { host, port, from: from === 0 ? this.nextPort++ : from });
    this.run(SECOND / 2);
    return app;
  }

  private held(app: number): Held {
    return this.stack.app.apps.get(app)!.state as unknown as Held;
  }

  say(app: number, what: string): void {
    new AppDoor(this.stack, app).tcpSend(this.held(app).sock, text(what));
    this.run(SECOND / 10);
  }

  heard(app: number): string {
    return this.held(app).heard;
  }

  reset(app: number): boolean {
    return this.held(app).closed;
  }

  close(app: number): void {
    new AppDoor(this.stack, app).tcpClose(this.held(app).sock);
    this.run(SECOND / 2);
  }

  /** One connection or datagram of `ns`: "ok ANSWER" or an errno. */
  probe(ns: string, protocol: "tcp" | "udp", host: string, port: number): string {
    const app = launch(this.stack, this.ns(ns), "lab-probe", { protocol, host, port, sourcePort: this.nextPort++, source: "", timeout: SECOND });
    this.run(3 * SECOND);
    return this.stack.app.apps.get(app)!.output.join("");
  }

  /** A datagram whose sender does not wait for the answer, from this port. */
  shout(ns: string, host: string, port: number, from: number): void {
    launch(this.stack, this.ns(ns), "shout", { host, port, from });
    this.run(SECOND);
  }

  /** A bare SYN of `a` with this TTL. */
  syn(host: string, port: number, ttl: number): void {
    const s = this.stack;
    const p = makeLocal(s, 0, s.book.ofText(host), 6, 0);
    const c = s.packets.c;
    c.ttl[p] = ttl;
    c.sport[p] = this.nextPort++;
    c.dport[p] = port;
    c.flags[p] = TCP_FLAG.SYN;
    c.ipLen[p] = 40;
    sendLocal(s, p, this.ns("a"), "never");
    this.run(SECOND / 10);
  }

  /** `ipvsadm -Lnc` without its head, blanks squeezed. */
  connections(): readonly string[] {
    return this.sh("r", "ipvsadm -Lnc").split("\n").slice(2).map((line) => line.replaceAll(/ +/g, " "));
  }

  /** Real servers of a virtual one as `ipvsadm -Ln` has them. */
  listed(vip: string, letter = "-t", port = 80): readonly string[] {
    return this.sh("r", `ipvsadm -Ln ${letter} ${vip}:${port}`).split("\n").slice(3).map((line) => line.replace("->", "").trim().replaceAll(/ +/g, " "));
  }

  private steps(): readonly TraceStep[] {
    return this.ring.steps();
  }

  /** Reasons of drops on the router. */
  drops(): readonly string[] {
    return this.steps().filter((step) => step.kind === STEP.DROP && step.ns === this.ns("r")).map((step) => DROP_REASONS[step.a]!.word);
  }

  /** ICMP errors that came in at a machine. */
  errors(ns: string): readonly string[] {
    const { snapshots, book } = this.stack;
    const c = snapshots!.c;
    const came = this.steps().filter((step) => step.kind === STEP.DEVICE_IN && step.ns === this.ns(ns) && [1, 58].includes(c.proto[step.snap]!) && c.inner[step.snap] !== 0);
    return came.map(({ snap }) => {
      const q = c.inner[snap]!;
      return `${book.text(c.src[snap]!)} > ${book.text(c.dst[snap]!)} ${c.icmpType[snap]}/${c.icmpCode[snap]} about ${book.text(c.src[q]!)}:${c.sport[q]} > ${book.text(c.dst[q]!)}:${c.dport[q]}`;
    });
  }

  /** TTLs of the segments to a port that came in at a machine. */
  ttls(ns: string, port: number): readonly number[] {
    const c = this.stack.snapshots!.c;
    return this.steps().filter((step) => step.kind === STEP.DEVICE_IN && step.ns === this.ns(ns) && c.proto[step.snap] === 6 && c.dport[step.snap] === port).map(({ snap }) => c.ttl[snap]!);
  }
}
