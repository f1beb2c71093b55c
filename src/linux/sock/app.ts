/**
 * Programs in namespaces: code by name, state as frozen records, and one door to sockets, timers and output.
 *
 * A program is a module (rebuilt, never saved); what it remembers is one frozen record that it replaces. It hears plain
 * events and acts through the door it is given; so a world with running programs can be saved, forked and rewound.
 */
import type { Addr } from "../../base/address-book.js";
import { answerFor, answerNoMore } from "../arp-answers.js";
import { deviceByName } from "../device.js";
import { EV, type Stack } from "../stack.js";
import type { AppEvent } from "./app-event.js";
import { NETLINK } from "./netlink.js";
import { pingClose, pingOpen, pingSend } from "./ping.js";
import { PROTO } from "../../base/codes.js";
import { SOCKF } from "./socket-table.js";
import { type PacketMarks, tcpAbort, tcpClose, tcpConnect, tcpListen, tcpSend, tcpShutdown } from "./tcp.js";
import { udpBind, udpClose, udpConnect, udpSend } from "./udp.js";

export { ERRNO, errnoName } from "../errno.js";

/** The code of a program; `on` is called for every event, the first being "start". */
export interface Program {
  readonly name: string;
  /** Called for every event. */
  on(door: AppDoor, event: AppEvent): void;
}

/** What a program may do. Addresses are handles of the world's book, payloads handles of its payloads. */
export class AppDoor {
  constructor(
    readonly s: Stack,
    readonly app: number,
  ) {}

  get ns(): number {
    return this.s.app.apps.get(this.app)!.ns;
  }

  /** ns since boot */
  get now(): number {
    return this.s.engine.now;
  }

  /** The program's memory: replaced, never changed. */
  get state(): Readonly<Record<string, unknown>> {
    return this.s.app.apps.get(this.app)!.state;
  }

  set state(state: Readonly<Record<string, unknown>>) {
    const info = this.s.app.apps.get(this.app);
    if (info !== undefined) this.s.app.apps.set(this.app, Object.freeze({ ...info, state: Object.freeze(state) }));
  }

  /** A line of output. */
  print(line: string): void {
    const info = this.s.app.apps.get(this.app);
    if (info !== undefined) this.s.app.apps.set(this.app, Object.freeze({ ...info, output: Object.freeze([...info.output, line]) }));
  }

  /** Ends the program; its sockets are closed. */
  exit(code: number): void {
    const info = this.s.app.apps.get(this.app);
    if (info === undefined || info.exit !== undefined) return;
    this.s.app.apps.set(this.app, Object.freeze({ ...info, exit: code }));
    this.s.app.watch(info.ns, this.app, false);
    closeSockets(this.s, this.app, false);
  }

  /** The program hears `timer` with this word after `delay` ns; timers cannot be taken back, so a word should tell whether it is still wanted. */
  timer(delay: number, word: number): void {
    this.s.engine.schedule(delay, EV.app, this.app, word);
  }

  /** From now on the program hears "link" and "route" of its namespace. */
  watch(): void {
    this.s.app.watch(this.ns, this.app, true);
  }

  /** Does something to the kernel of which this program does not hear as a watcher: it knows. */
  quietly<T>(act: () => T): T {
    const { app } = this.s;
    app.quiet = this.app;
    try {
      return act();
    } finally {
      app.quiet = 0;
    }
  }

  /** A UDP socket at an address (0 any) and port (0 the kernel's choice): its row, or a negative errno. */
  udpBind(addr: number, port: number): number {
    return udpBind(this.s, this.ns, addr, port, this.app);
  }
  /** connect(2): the socket speaks to this peer alone. */
  udpConnect(sock: number, addr: number, port: number): number {
    return udpConnect(this.s, sock, addr, port);
  }
  /** sendto(2): 0 or an errno. */
  udpSend(sock: number, dst: number, port: number, bytes: Uint8Array): number {
    return udpSend(this.s, sock, dst, port, this.s.payloads.put(bytes), 0, bytes.length);
  }
  /** Closes a UDP socket. */
  udpClose(sock: number): void {
    udpClose(this.s, sock);
  }
  /** A listener at an address (0 any) and port: its row, or a negative errno. */
  tcpListen(addr: number, port: number): number {
    return tcpListen(this.s, this.ns, addr, port, this.app);
  }
  /** The listener or datagram socket bound to any address is one of IPv4 alone (AF_INET); without this it takes both families. */
  only4(sock: number): void {
    const { flags } = this.s.sock.rows.c;
    flags[sock] = flags[sock]! | SOCKF.only4;
  }
  /** Begins a handshake: the socket's row, or a negative errno; the program hears "connected" or "closed". */
  tcpConnect(dst: number, port: number, src = 0, sport = 0, marks?: PacketMarks): number {
    return tcpConnect(this.s, this.ns, src, sport, dst, port, this.app, marks);
  }
  /** setsockopt(2): IP_TTL and IP_TOS of a TCP socket from now on; connections have them from their listener. */
  mark(sock: number, { ttl, tos }: PacketMarks): void {
    const { c } = this.s.sock.rows;
    c.ttl[sock] = ttl;
    c.tos[sock] = tos;
  }
  /** write(2): 0 or an errno. */
  tcpSend(sock: number, bytes: Uint8Array): number {
    return tcpSend(this.s, sock, this.s.payloads.put(bytes), 0, bytes.length);
  }
  /** getsockopt(2) of SO_ERROR: the errno that an ICMP error has left at the socket, which is 0 from then on. */
  takeError(sock: number): number {
    const { error } = this.s.sock.rows.c;
    const errno = error[sock]!;
    error[sock] = 0;
    return errno;
  }
  /** close(2): an orderly end; data that comes later is answered with a RST. */
  tcpClose(sock: number): void {
    tcpClose(this.s, sock);
  }
  /** shutdown(2) of the sending side: the end of what this program says, not of what it hears. */
  tcpShutdown(sock: number): void {
    tcpShutdown(this.s, sock);
  }
  /** Ends a connection with a RST. */
  tcpAbort(sock: number): void {
    tcpAbort(this.s, sock);
  }
  /** A socket for echo requests; `ident` 0 lets the kernel choose. */
  pingOpen(ident = 0): number {
    return pingOpen(this.s, this.ns, this.app, ident);
  }
  /** One echo request of `size` data bytes: 0 or an errno. */
  pingSend(sock: number, dst: number, sequence: number, size: number, ttl = 64, dontFragment = false, src = 0, mark = 0): number {
    return pingSend(this.s, sock, dst, sequence, size, ttl, dontFragment, src, mark);
  }
  /** Closes a socket for echo requests. */
  pingClose(sock: number): void {
    pingClose(this.s, sock);
  }

  /** Answers ARP for an address on a device, as over a packet socket, until the program ends; announces it now. */
  arpAnswer(device: string, addr: number): void {
    const dev = deviceByName(this.s, this.ns, device);
    if (dev !== 0 && addr !== 0) answerFor(this.s, dev, addr as Addr, this.app);
  }

  /** The bytes of a datagram or data event; not to be written to. */
  bytes(event: { readonly payload: number; readonly off: number; readonly len: number }): Uint8Array {
    if (event.payload === 0) return new Uint8Array(event.len);
    return this.s.payloads.bytes(event.payload).subarray(event.off, event.off + event.len);
  }

  /** The bytes of an event as UTF-8 text. */
  text(event: { readonly payload: number; readonly off: number; readonly len: number }): string {
    return new TextDecoder().decode(this.bytes(event));
  }

  /** "10.0.0.1" of a handle, and the handle of a text (0 if it is no address). */
  addressText(addr: number): string {
    return this.s.book.text(addr);
  }
  /** Handle of an address in text, 0 if it is none. */
  addressOf(text: string): number {
    return this.s.book.ofText(text);
  }

  /** Peer of a TCP socket. */
  peer(sock: number): { readonly addr: number; readonly port: number } {
    const c = this.s.sock.rows.c;
    return { addr: c.remoteAddr[sock]!, port: c.remotePort[sock]! };
  }
}

function closeSockets(s: Stack, app: number, abort: boolean): void {
  answerNoMore(s, s.app.apps.get(app)?.ns ?? 0, app);
  const c = s.sock.rows.c;
  for (const row of s.sock.ownedBy(app)) {
    if (s.sock.rows.live[row] !== 1) continue;
    if (c.proto[row] !== PROTO.TCP) s.sock.remove(row);
    else if (abort) tcpAbort(s, row);
    else tcpClose(s, row);
  }
}

/** Starts a program in a namespace; it has heard "start" when this returns. */
export function launch(s: Stack, ns: number, program: string, args: Readonly<Record<string, unknown>>, cause = 0): number {
  const app = s.app.next++;
  s.app.apps.set(app, Object.freeze({ ns, program, cause, state: Object.freeze({}), output: Object.freeze([]) }));
  s.op.appEvent(app, { kind: "start", args });
  return app;
}

/** Ends a program from outside and forgets it: its sockets are gone, connections are reset. */
export function killApp(s: Stack, app: number): void {
  const info = s.app.apps.get(app);
  if (info !== undefined) s.app.watch(info.ns, app, false);
  closeSockets(s, app, true);
  s.app.apps.delete(app);
}

/** Forgets a program that has ended by itself; what its sockets still have to do, they do. */
export function reap(s: Stack, app: number): void {
  if (s.app.apps.get(app)?.exit !== undefined) s.app.apps.delete(app);
}

/** Fills the slots of programs; `programs` are all whose names a world may hold. */
export function installApps(s: Stack, programs: readonly Program[]): void {
  const byName = new Map(programs.map((program) => [program.name, program]));
  s.op.appEvent = (app, event) => {
    const info = s.app.apps.get(app);
    if (info === undefined || info.exit !== undefined) return;
    byName.get(info.program)?.on(new AppDoor(s, app), event);
  };
  s.engine.on(EV.app, (app, word, record) => {
    if (word === NETLINK.link) s.op.appEvent(app, { kind: "link" });
    else if (word === NETLINK.route) s.op.appEvent(app, { kind: "route", ...(record as { readonly family: number; readonly table: number; readonly dst: string }) });
    else s.op.appEvent(app, { kind: "timer", word });
  });
}
