/**
 * A proxy that load balances connections and datagrams: what a container of Envoy does with its TCP and UDP listeners. Each new
 * flow goes to one of the targets, at random, or by a hash of its source where clients are to stay; without a target it ends.
 */
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { fnv1a32 } from "../../base/hash.js";

/** A listener and where its flows may go. */
export interface RelayPort {
  readonly protocol: string;
  readonly port: number;
  readonly targets: readonly { readonly address: string; readonly port: number }[];
}

/** What a relay is told; told again by another "start", after which the flows that it has go on. */
export interface RelayArguments {
  readonly ports: readonly RelayPort[];
  /** a source keeps its target */
  readonly sticky: boolean;
}

interface Memory extends RelayArguments {
  /** listener's socket by place in `ports` */
  readonly listeners: readonly number[];
  /** the other side of a connection, either way */
  readonly peers: Readonly<Record<number, number>>;
  /** what came before the far side was there, as text of bytes */
  readonly early: Readonly<Record<number, readonly (readonly [payload: number, off: number, len: number])[]>>;
  /** far sockets of datagram flows by listener, source and port; and the way back */
  readonly flows: Readonly<Record<string, number>>;
  readonly back: Readonly<Record<number, { readonly sock: number; readonly addr: number; readonly port: number }>>;
}

const memoryOf = (door: AppDoor): Memory => door.state as unknown as Memory;

function change(door: AppDoor, changed: Partial<Memory>): void {
  door.state = { ...memoryOf(door), ...changed };
}

/** The program "relay"; its arguments are `RelayArguments`. */
export const relay: Program = Object.freeze<Program>({
  name: "relay",
  on(door, event) {
    switch (event.kind) {
      case "start":
        start(door, event.args as unknown as RelayArguments);
        break;
      case "accepted":
        accept(door, event.sock, event.listener);
        break;
      case "connected":
        flushEarly(door, event.sock);
        break;
      case "data":
        forward(door, event);
        break;
      case "end":
        finish(door, event.sock, false);
        break;
      case "closed":
        finish(door, event.sock, event.errno !== 0);
        break;
      case "datagram":
        datagram(door, event);
        break;
      default:
    }
  },
});

function start(door: AppDoor, { ports, sticky }: RelayArguments): void {
  const before = memoryOf(door) as Partial<Memory>;
  const held = (before.ports ?? []).map((each, at) => ({ ...each, sock: before.listeners![at]! }));
  const same = (x: RelayPort, y: RelayPort): boolean => x.protocol === y.protocol && x.port === y.port;
  for (const old of held) {
    if (ports.some((each) => same(each, old))) continue;
    if (old.protocol === "UDP") door.udpClose(old.sock);
    else door.tcpClose(old.sock);
  }
  const listeners = ports.map((each) => held.find((old) => same(old, each))?.sock ?? (each.protocol === "UDP" ? door.udpBind(0, each.port) : door.tcpListen(0, each.port)));
  const memory: Memory = { peers: {}, early: {}, flows: {}, back: {}, ...before, ports, sticky, listeners };
  door.state = { ...memory };
}

/** The target of a new flow; chance comes from a stream of the program's own. */
function choose(door: AppDoor, listener: number, source: number): { readonly addr: number; readonly port: number } | null {
  const { ports, listeners, sticky } = memoryOf(door);
  const targets = ports[listeners.indexOf(listener)]?.targets ?? [];
  if (targets.length === 0) return null;
  const { streams } = door.s;
  const at = sticky ? (fnv1a32(door.addressText(source)) >>> 0) % targets.length : streams.below(streams.stream(`relay/${door.app}`), targets.length);
  return { addr: door.addressOf(targets[at]!.address), port: targets[at]!.port };
}

function accept(door: AppDoor, sock: number, listener: number): void {
  const target = choose(door, listener, door.peer(sock).addr);
  const far = target === null ? -1 : door.tcpConnect(target.addr, target.port);
  if (far < 0) return door.tcpAbort(sock);
  const { peers, early } = memoryOf(door);
  change(door, { peers: { ...peers, [sock]: far, [far]: sock }, early: { ...early, [far]: [] } });
}

function flushEarly(door: AppDoor, sock: number): void {
  const { [sock]: waiting, ...early } = memoryOf(door).early;
  change(door, { early });
  for (const [payload, off, len] of waiting ?? []) door.tcpSend(sock, door.bytes({ payload, off, len }));
}

function forward(door: AppDoor, event: AppEvent & { readonly kind: "data" }): void {
  const { peers, early } = memoryOf(door);
  const far = peers[event.sock];
  if (far === undefined) return;
  const waiting = early[far];
  if (waiting === undefined) door.tcpSend(far, door.bytes(event));
  else change(door, { early: { ...early, [far]: [...waiting, [event.payload, event.off, event.len]] } });
}

/** One side has ended: so does the other, with a RST where the first broke. */
function finish(door: AppDoor, sock: number, broke: boolean): void {
  const { peers: { [sock]: far, ...peers }, early: { [sock]: _, ...early } } = memoryOf(door);
  if (far === undefined) return door.tcpClose(sock);
  const { [far]: _sock, ...others } = peers;
  change(door, { peers: others, early });
  if (broke) door.tcpAbort(far);
  else {
    door.tcpClose(far);
    door.tcpClose(sock);
  }
}

function datagram(door: AppDoor, event: AppEvent & { readonly kind: "datagram" }): void {
  const { listeners, flows, back } = memoryOf(door);
  const home = back[event.sock];
  if (home !== undefined) {
    door.udpSend(home.sock, home.addr, home.port, door.bytes(event));
    return;
  }
  if (!listeners.includes(event.sock)) return;
  const key = `${event.sock} ${event.from} ${event.port}`;
  let far = flows[key];
  if (far === undefined) {
    const target = choose(door, event.sock, event.from);
    if (target === null) return;
    far = door.udpBind(0, 0);
    door.udpConnect(far, target.addr, target.port);
    change(door, { flows: { ...flows, [key]: far }, back: { ...back, [far]: { sock: event.sock, addr: event.from, port: event.port } } });
  }
  const { remoteAddr, remotePort } = door.s.sock.rows.c;
  door.udpSend(far, remoteAddr[far]!, remotePort[far]!, door.bytes(event));
}
