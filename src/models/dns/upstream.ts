/** A name server outside the cluster: answers from a fixed list of names, NXDOMAIN for the rest. */
import type { Program } from "../../linux/sock/app.js";
import { DNS_TYPE } from "../../packet/wire/dns-record.js";
import { DNS_RCODE, decodeDns, encodeDns } from "../../packet/wire/dns.js";

const TTL = 300;

/** The program "upstream-dns". Argument `names`: addresses by name, without dots at the end. */
export const upstreamDns: Program = Object.freeze<Program>({
  name: "upstream-dns",
  on(door, event) {
    if (event.kind === "start") {
      door.state = { sock: door.udpBind(0, 53), names: event.args["names"] ?? {} };
      return;
    }
    if (event.kind !== "datagram") return;
    const query = decodeDns(door.bytes(event));
    if ("malformed" in query || query.response) return;
    const question = query.questions[0];
    const names = door.state["names"] as Readonly<Record<string, readonly string[]>>;
    const known = question === undefined ? undefined : names[question.name.toLowerCase()];
    const answers = (known ?? [])
      .filter((address) => question!.type === (address.includes(":") ? DNS_TYPE.AAAA : DNS_TYPE.A))
      .map((address) => ({ type: address.includes(":") ? ("AAAA" as const) : ("A" as const), name: question!.name, class: 1, ttl: TTL, address }));
    const rcode = known === undefined ? DNS_RCODE.NXDOMAIN : DNS_RCODE.NOERROR;
    door.udpSend(door.state["sock"] as number, event.from, event.port, encodeDns({ ...query, response: true, recursionAvailable: true, rcode, answers, authorities: [], additionals: [] }));
  },
});
