/**
 * What runs in a container that podwire knows nothing about but its ports: every TCP port answers an HTTP request (and any
 * other bytes) with who answered and who asked; every UDP port answers a datagram likewise.
 */
import type { AppDoor, Program } from "../../linux/sock/app.js";

interface PortArgument {
  readonly port: number;
  readonly protocol: string;
  readonly name?: string;
}

/** The program "server". Arguments: `ports`, and `pod`, the name it answers with. */
export const server: Program = Object.freeze<Program>({
  name: "server",
  on(door, event) {
    switch (event.kind) {
      case "start":
        start(door, event.args);
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

function start(door: AppDoor, args: Readonly<Record<string, unknown>>): void {
  const ports = (args["ports"] ?? []) as readonly PortArgument[];
  door.state = { pod: args["pod"] ?? "" };
  for (const { port, protocol } of ports) {
    const row = protocol === "UDP" ? door.udpBind(0, port) : protocol === "TCP" ? door.tcpListen(0, port) : 0;
    if (row < 0) door.print(`listen ${protocol} ${port}: address already in use`);
  }
}

function greeting(door: AppDoor, addr: number, port: number): string {
  const text = door.addressText(addr);
  return `${String(door.state["pod"])} ${text.includes(":") ? `[${text}]` : text}:${port}`;
}

function reply(door: AppDoor, asked: string, peer: { readonly addr: number; readonly port: number }): string {
  const body = `${greeting(door, peer.addr, peer.port)}\n`;
  if (!/^[A-Z]+ \S+ HTTP\/1\.[01]\r\n/.test(asked)) return body;
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;
}
