/** `probe` of a lab over TCP and UDP: one connection or datagram, its answer or errno, then the socket is closed. */
import { errnoName } from "../../linux/errno.js";
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { WAKING } from "../ping/echo-program.js";

export interface ProbeArguments {
  readonly protocol: "tcp" | "udp";
  readonly host: string;
  readonly port: number;
  /** 0: the kernel's choice */
  readonly sourcePort: number;
  /** "" : the route's */
  readonly source: string;
  /** ns for connecting, and again for the answer */
  readonly timeout: number;
}

const QUESTION = new Uint8Array([113]);
/** Timers: the program closes; it wakes from connect(2); it has waited enough, the first and the second time. */
const CLOSE = 0;
const AWAKE = 1;
const FIRST_TICK = 2;

function close(door: AppDoor, sock: number): void {
  if (sock > 0) (door.state["protocol"] === "tcp" ? door.tcpClose(sock) : door.udpClose(sock));
  door.exit(0);
}

function finish(door: AppDoor, text: string, sock: number): void {
  door.print(text);
  door.state = { ...door.state, done: true, sock };
  door.timer(WAKING, CLOSE);
}

/** Prints one line: `ok REPLY`, an errno name, or `timeout`. */
export const labProbe: Program = Object.freeze<Program>({
  name: "lab-probe",
  on(door, event) {
    const sock = Number(door.state["sock"] ?? 0);
    if (event.kind === "start") start(door, event.args as unknown as ProbeArguments);
    else if (event.kind === "timer" && event.word === CLOSE) close(door, sock);
    else if (door.state["done"] === true) return;
    else if (event.kind === "timer" && event.word === AWAKE) awake(door, sock);
    else if (event.kind === "timer") {
      if (event.word === door.state["tick"]) finish(door, "timeout", sock);
    } else if (event.kind === "connected") {
      // The answer has a time-out of its own.
      const tick = Number(door.state["tick"]) + 1;
      door.state = { ...door.state, tick, asleep: true };
      door.timer(Number(door.state["timeout"]), tick);
      door.timer(WAKING, AWAKE);
    } else if (event.kind === "data" && door.state["asleep"] === true) door.state = { ...door.state, reply: `ok ${door.text(event)}` };
    else if (event.kind === "data" || event.kind === "datagram") finish(door, `ok ${door.text(event)}`, sock);
    else if (event.kind === "end") finish(door, "ok ", sock);
    else if (event.kind === "closed" && event.errno !== 0) finish(door, errnoName(event.errno), 0);
    else if (event.kind === "error") finish(door, errnoName(event.errno), sock);
  },
});

/** Connected, as it seems: an error about the last packet of the handshake is heard first. */
function awake(door: AppDoor, sock: number): void {
  const { asleep: _, reply, ...state } = door.state;
  const errno = door.takeError(sock);
  door.state = state;
  if (errno === 0 && reply === undefined) return;
  door.print(errno === 0 ? String(reply) : errnoName(errno));
  door.state = { ...state, done: true };
  close(door, sock);
}

function start(door: AppDoor, args: ProbeArguments): void {
  const { protocol, timeout } = args;
  const dst = door.addressOf(args.host);
  const src = args.source === "" ? 0 : door.addressOf(args.source);
  door.state = { protocol, timeout, tick: FIRST_TICK, sock: 0, done: false };
  const sock = protocol === "tcp" ? door.tcpConnect(dst, args.port, src, args.sourcePort) : door.udpBind(src, args.sourcePort);
  if (sock < 0) {
    finish(door, errnoName(-sock), 0);
    return;
  }
  door.state = { ...door.state, sock };
  door.timer(timeout, FIRST_TICK);
  if (protocol === "tcp") return;
  const errno = door.udpConnect(sock, dst, args.port) || door.udpSend(sock, dst, args.port, QUESTION);
  if (errno !== 0) finish(door, errnoName(errno), sock);
}
