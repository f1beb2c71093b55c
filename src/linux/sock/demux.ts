/** ip_local_deliver_finish: hands a packet for this host to its protocol. */
import { DROP, PROTO } from "../../base/codes.js";
import { ipipReceive } from "../dev/ipip.js";
import { vxlanReceive } from "../dev/vxlan.js";
import { wireguardReceive } from "../dev/wireguard.js";
import { icmpReceive } from "../icmp-input.js";
import { ICMP } from "../icmp-codes.js";
import { ICMP6 } from "../icmp6-codes.js";
import { icmp6Receive } from "../icmp6-input.js";
import { CSUM } from "../../packet/columns.js";
import type { Stack } from "../stack.js";
import { pingReceive } from "./ping.js";
import { socketError } from "./socket-error.js";
import { tcpReceive } from "./tcp-input.js";
import { rejectWithReset } from "./tcp-reset.js";
import { installTcpTimers } from "./tcp-timer.js";
import { udpReceive } from "./udp.js";

/** Offset of the next header field, which a parameter problem points at. */
const NEXT_HEADER = 6;

function localDeliver(s: Stack, p: number, ns: number, dev: number, echoReply: (p: number, ns: number) => boolean): void {
  const c = s.packets.c;
  switch (c.proto[p]) {
    case PROTO.TCP:
      tcpReceive(s, p, ns, dev);
      break;
    case PROTO.UDP:
      if (c.csum[p] === CSUM.WRONG) s.op.drop(p, ns, dev, DROP.UDP_CSUM);
      else if (!vxlanReceive(s, p, ns) && !wireguardReceive(s, p, ns)) udpReceive(s, p, ns, dev);
      break;
    case PROTO.ICMP:
      icmpReceive(s, p, ns, dev, echoReply);
      break;
    case PROTO.ICMP6:
      icmp6Receive(s, p, ns, dev, echoReply);
      break;
    case PROTO.IPIP:
      if (!ipipReceive(s, p, ns, dev)) unknownProtocol(s, p, ns, dev);
      break;
    default:
      unknownProtocol(s, p, ns, dev);
  }
}

function unknownProtocol(s: Stack, p: number, ns: number, dev: number): void {
  if (s.book.is4(s.packets.c.dst[p]!)) s.op.icmpError(p, ns, dev, ICMP.unreachable, ICMP.protocolUnreachable, 0);
  else s.op.icmpError(p, ns, dev, ICMP6.parameterProblem, ICMP6.unknownHeader, NEXT_HEADER);
  s.op.drop(p, ns, dev, DROP.IP_NOPROTO);
}

/** Fills the slots of local delivery, resets and socket errors. */
export function installSockets(s: Stack): void {
  const echoReply = (p: number, ns: number): boolean => pingReceive(s, p, ns);
  s.op.localDeliver = (p, ns, dev) => localDeliver(s, p, ns, dev, echoReply);
  s.op.sendReset = (p, ns) => rejectWithReset(s, p, ns);
  s.op.socketError = (p, ns) => socketError(s, p, ns);
  installTcpTimers(s);
}
