/** `serve` of a lab: greets every connection and answers every datagram with its own name and who asked; closes after the client. */
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { WAKING } from "../ping/echo-program.js";

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
    } else if (event.kind === "end") {
      // What it has just sent may be answered before it sees the end.
      door.state = { ...door.state, [event.sock]: true };
      door.timer(WAKING, event.sock);
    } else if (event.kind === "timer" || event.kind === "closed") {
      const sock = event.kind === "timer" ? event.word : event.sock;
      const { [sock]: ended, ...state } = door.state;
      door.state = state;
      if (event.kind === "timer" && ended === true) door.tcpClose(sock);
    } else if (event.kind === "datagram") door.udpSend(event.sock, event.from, event.port, greeting(door, event.from, event.port));
  },
});
