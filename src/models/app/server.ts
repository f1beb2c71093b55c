/**
 * What runs in a container that podwire knows nothing about but its ports: every TCP port answers an HTTP request (and any
 * other bytes) with who answered and who asked; every UDP port answers a datagram likewise. It can be slow to open its
 * ports, and an HTTP request can be answered with another status than 200.
 */
import type { AppDoor, Program } from "../../linux/sock/app.js";

interface PortArgument {
  readonly port: number;
  readonly protocol: string;
  readonly name?: string;
}

/** What a server is told; times in ns after its start. */
export interface ServerArguments {
  readonly ports: readonly PortArgument[];
  /** the name it answers with */
  readonly pod: string;
  /** opens its ports so late */
  readonly listenAfter?: number;
  /** status of its answers to HTTP, 200 unless given; from `statusFrom` on, where that is given */
  readonly status?: number;
  readonly statusFrom?: number;
}

interface Memory {
  readonly args: ServerArguments;
  readonly since: number;
}

/** Reason phrases (RFC 9110) of the statuses that are worth telling. */
const PHRASES: Readonly<Record<number, string>> = Object.freeze({ 200: "OK", 204: "No Content", 302: "Found", 404: "Not Found", 500: "Internal Server Error", 503: "Service Unavailable" });

/** The program "server"; its arguments are `ServerArguments`. */
export const server: Program = Object.freeze<Program>({
  name: "server",
  on(door, event) {
    switch (event.kind) {
      case "start":
        start(door, event.args as unknown as ServerArguments);
        break;
      case "timer":
        listen(door);
        break;
      case "data":
        door.tcpSend(event.sock, new TextEncoder().encode(reply(door, door.text(event), door.peer(event.sock))));
        break;
      case "end":
        door.tcpClose(event.sock);
        break;
      case "datagram":
        door.udpSend(event.sock, event.from, event.port, new TextEncoder().encode(greeting(door, event.from, event.port)));
        break;
      default:
    }
  },
});

function start(door: AppDoor, args: ServerArguments): void {
  door.state = { args, since: door.now };
  if ((args.listenAfter ?? 0) > 0) door.timer(args.listenAfter!, 0);
  else listen(door);
}

function listen(door: AppDoor): void {
  for (const { port, protocol } of memoryOf(door).args.ports) {
    const row = protocol === "UDP" ? door.udpBind(0, port) : protocol === "TCP" ? door.tcpListen(0, port) : 0;
    if (row < 0) door.print(`listen ${protocol} ${port}: address already in use`);
  }
}

function memoryOf(door: AppDoor): Memory {
  return door.state as unknown as Memory;
}

function greeting(door: AppDoor, addr: number, port: number): string {
  const text = door.addressText(addr);
  return `${memoryOf(door).args.pod} ${text.includes(":") ? `[${text}]` : text}:${port}`;
}

function reply(door: AppDoor, asked: string, peer: { readonly addr: number; readonly port: number }): string {
  const body = `${greeting(door, peer.addr, peer.port)}\n`;
  if (!/^[A-Z]+ \S+ HTTP\/1\.[01]\r\n/.test(asked)) return body;
  const { args, since } = memoryOf(door);
  const status = args.status !== undefined && door.now - since >= (args.statusFrom ?? 0) ? args.status : 200;
  return `HTTP/1.1 ${status} ${PHRASES[status] ?? "-"}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}
