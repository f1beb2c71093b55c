/** `serve` of a lab: greets every connection and answers every datagram with its own name and who asked; closes after the client. */
import type { AppDoor, Program } from "../../linux/sock/app.js";

function greeting(door: AppDoor, addr: number, port: number): Uint8Array {
  const text = door.addressText(addr);
  return new TextEncoder().encode(`${String(door.state["name"])} ${text.includes(":") ? `[${text}]` : text}:${port}`);
}

/** Arguments: `name`, `protocol`, `port`, `addr` (text, "" any). Exits with 98 if the port is taken. */
export const labServer: Program = Object.freeze<Program>({
  name: "lab-server",
  on(door, event) {
    if (event.kind === "start") {
      const { name, protocol, port, addr } = event.args as { name: string; protocol: string; port: number; addr: string };
      door.state = { name };
      const at = addr === "" || addr === "::" || addr === "0.0.0.0" ? 0 : door.addressOf(addr);
      const sock = protocol === "tcp" ? door.tcpListen(at, port) : door.udpBind(at, port);
      if (sock < 0) door.exit(-sock);
      else if (!addr.includes(":")) door.only4(sock);
    } else if (event.kind === "accepted") {
      const { addr, port } = door.peer(event.sock);
      door.tcpSend(event.sock, greeting(door, addr, port));
    } else if (event.kind === "end") door.tcpClose(event.sock);
    else if (event.kind === "datagram") door.udpSend(event.sock, event.from, event.port, greeting(door, event.from, event.port));
  },
});
