/** One probe of a kubelet: an HTTP GET or a TCP connection from the node, with the kubelet's words for what went wrong (pkg/probe/http, pkg/probe/tcp). */
import type { AppEvent } from "../../linux/sock/app-event.js";
import { type AppDoor, ERRNO, type Program } from "../../linux/sock/app.js";

export interface ProbeArguments {
  readonly kind: "http" | "tcp";
  /** address of the pod, or the probe's own `host` where that is an address */
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** the URL's scheme; bytes are sent in the clear all the same */
  readonly scheme: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** ns */
  readonly timeout: number;
}

/** How a probe ended; the state of its program once that has ended. */
export interface ProbeResult {
  readonly ok: boolean;
  /** "" where it succeeded */
  readonly text: string;
}

interface Memory extends ProbeResult {
  readonly args: ProbeArguments;
  readonly connected: boolean;
  readonly reply: string;
}

/** The program "probe"; `ended` is called with its number when it has an answer. */
export function prober(ended: (app: number) => void): Program {
  return Object.freeze<Program>({
    name: "probe",
    on(door, event) {
      if (event.kind === "start") start(door, event.args as unknown as ProbeArguments, ended);
      else hear(door, event, ended);
    },
  });
}

function start(door: AppDoor, args: ProbeArguments, ended: (app: number) => void): void {
  door.state = { args, connected: false, reply: "", ok: false, text: "" };
  door.timer(args.timeout, 0);
  const to = door.addressOf(args.host);
  if (to === 0) return finish(door, ended, failed(args, `dial tcp: lookup ${args.host}: no such host`));
  const sock = door.tcpConnect(to, args.port);
  if (sock < 0) finish(door, ended, failed(args, dial(args, -sock)));
}

function hear(door: AppDoor, event: AppEvent, ended: (app: number) => void): void {
  const memory = door.state as unknown as Memory;
  const { args } = memory;
  switch (event.kind) {
    case "connected":
      if (args.kind === "tcp") return finish(door, ended, "");
      door.state = { ...memory, connected: true };
      door.tcpSend(event.sock, new TextEncoder().encode(request(args)));
      break;
    case "data": {
      const reply = memory.reply + door.text(event);
      door.state = { ...memory, reply };
      const status = /^HTTP\/\d\.\d (\d{3})/.exec(reply)?.[1];
      if (status !== undefined) finish(door, ended, status >= "200" && status < "400" ? "" : `HTTP probe failed with statuscode: ${status}`);
      else if (reply.length > 12) finish(door, ended, failed(args, "net/http: HTTP/1.x transport connection broken: malformed HTTP response"));
      break;
    }
    case "end":
      finish(door, ended, failed(args, "EOF"));
      break;
    case "closed":
    case "error":
      if (memory.connected) finish(door, ended, failed(args, event.errno === 0 ? "EOF" : `read: ${words(event.errno)}`));
      else finish(door, ended, failed(args, dial(args, event.errno)));
      break;
    case "timer":
      finish(door, ended, failed(args, args.kind === "tcp" ? `dial tcp ${place(args)}: i/o timeout` : "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"));
      break;
    default:
  }
}

function finish(door: AppDoor, ended: (app: number) => void, text: string): void {
  door.state = { ...door.state, ok: text === "", text };
  door.exit(text === "" ? 0 : 1);
  ended(door.app);
}

/** What Go's client says of a request; a bare connection has only its own words. */
function failed(args: ProbeArguments, why: string): string {
  return args.kind === "tcp" ? why : `Get "${args.scheme.toLowerCase()}://${place(args)}${args.path}": ${why}`;
}

function dial(args: ProbeArguments, errno: number): string {
  return `dial tcp ${place(args)}: connect: ${words(errno)}`;
}

function place({ host, port }: ProbeArguments): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Go's texts of errors (syscall/zerrors_linux_amd64.go). */
function words(errno: number): string {
  if (errno === ERRNO.ECONNREFUSED) return "connection refused";
  if (errno === ERRNO.ECONNRESET) return "connection reset by peer";
  if (errno === ERRNO.EHOSTUNREACH) return "no route to host";
  if (errno === ERRNO.ENETUNREACH) return "network is unreachable";
  return "connection timed out";
}

function request(args: ProbeArguments): string {
  const own = args.headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `GET ${args.path} HTTP/1.1\r\nHost: ${place(args)}\r\nUser-Agent: kube-probe/1.33\r\nAccept: */*\r\n${own}Connection: close\r\n\r\n`;
}
