// Whatever is done to virtual servers while packets come: every count is that of the connections there are, and nothing is left over.
import fc from "fast-check";
import { expect, test } from "vitest";
import { HOUR, SECOND } from "../../../src/base/time.js";
import { CONNF } from "../../../src/linux/ipvs/ipvs-table.js";
import type { Stack } from "../../../src/linux/stack.js";
import { TCP_FLAG } from "../../../src/packet/columns.js";
import { Shell } from "../../../src/shell/shell.js";
import { act, joinByVeth, makeStack, netns } from "../world.js";

const VIP = "10.96.0.9";
const PROTOCOLS = { t: 6, u: 17 } as const;

type Step =
  | { readonly kind: "command"; readonly words: string }
  | { readonly kind: "packet"; readonly proto: "t" | "u"; readonly port: number; readonly flags: number; readonly reply: boolean; readonly host: number }
  | { readonly kind: "time"; readonly seconds: number };

const letter = fc.constantFrom("t", "u");
const host = fc.integer({ min: 1, max: 3 });
const command = fc.oneof(
  fc.record({ letter, weight: fc.integer({ min: 0, max: 3 }), host, op: fc.constantFrom("-a", "-e") }).map((d) => `ipvsadm ${d.op} -${d.letter} ${VIP}:80 -r 10.2.0.${d.host}:8080 -m -w ${d.weight}`),
  fc.record({ letter, host }).map((d) => `ipvsadm -d -${d.letter} ${VIP}:80 -r 10.2.0.${d.host}:8080`),
  fc.record({ letter, scheduler: fc.constantFrom("rr", "wrr", "lc", "wlc", "sed", "nq", "sh", "mh"), op: fc.constantFrom("-A", "-E"), persistent: fc.constantFrom("", " -p 60", " -p 60 -M 255.255.255.252") }).map(
    (d) => `ipvsadm ${d.op} -${d.letter} ${VIP}:80 -s ${d.scheduler}${d.persistent}`,
  ),
  letter.map((d) => `ipvsadm -D -${d} ${VIP}:80`),
  fc.record({ name: fc.constantFrom("conntrack", "expire_nodest_conn", "expire_quiescent_template", "conn_reuse_mode"), value: fc.integer({ min: 0, max: 1 }) }).map((d) => `sysctl -w net.ipv4.vs.${d.name}=${d.value}`),
  fc.constantFrom("conntrack -F", "ipvsadm --set 100 10 20"),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: command.map((words): Step => ({ kind: "command", words })) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("packet" as const), proto: letter as fc.Arbitrary<"t" | "u">, port: fc.integer({ min: 1000, max: 1006 }), reply: fc.boolean(), host,
      flags: fc.constantFrom(TCP_FLAG.SYN, TCP_FLAG.SYN, TCP_FLAG.SYN | TCP_FLAG.ACK, TCP_FLAG.ACK, TCP_FLAG.FIN | TCP_FLAG.ACK, TCP_FLAG.RST),
    }),
  },
  { weight: 1, arbitrary: fc.constantFrom(1, 10, 30, 61, 130, 1000).map((seconds): Step => ({ kind: "time", seconds })) },
);

class Router {
  readonly s: Stack = makeStack();
  private readonly ns = netns(this.s, "r");
  private readonly shell = new Shell(this.s, this.ns);

  constructor() {
    joinByVeth(this.s, this.ns, "va", "10.1.0.1/24", netns(this.s, "a"), "eth0", "10.1.0.10/24");
    joinByVeth(this.s, this.ns, "vb", "10.2.0.254/24", netns(this.s, "b"), "eth0", "10.2.0.1/24");
    act(this.s, { verb: "link-add", ns: this.ns, name: "d", kind: "dummy" });
    for (const [addr, mac] of [["10.2.0.1", "02:00:00:00:00:01"], ["10.2.0.2", "02:00:00:00:00:02"], ["10.2.0.3", "02:00:00:00:00:03"]] as const) {
      act(this.s, { verb: "neigh-add", ns: this.ns, dev: "vb", addr, mac });
    }
    for (const words of [`ip addr add ${VIP}/32 dev d`, "sysctl -w net.ipv4.ip_forward=1", "iptables-legacy -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE"]) this.run(words);
    for (const each of ["t", "u"]) for (const words of [`-A -${each} ${VIP}:80 -s rr`, `-a -${each} ${VIP}:80 -r 10.2.0.1:8080 -m`]) this.run(`ipvsadm ${words}`);
  }

  run(words: string): void {
    this.shell.run(words);
  }

  /** A segment or datagram of a client to the virtual server, or of a real server back. */
  packet({ proto, port, flags, reply, host: number }: Extract<Step, { kind: "packet" }>): void {
    const { s } = this;
    const p = s.packets.alloc();
    const c = s.packets.c;
    const dev = s.nsInfo.get(this.ns)!.devices.get(reply ? "vb" : "va")!;
    const [client, server] = [s.book.ofText("10.1.0.10"), s.book.ofText(reply ? `10.2.0.${number}` : VIP)];
    c.src[p] = reply ? server : client;
    c.dst[p] = reply ? client : server;
    c.sport[p] = reply ? 8080 : port;
    c.dport[p] = reply ? port : 80;
    c.proto[p] = PROTOCOLS[proto];
    c.etherType[p] = 0x0800;
    c.ttl[p] = 64;
    c.ipLen[p] = proto === "t" ? 40 : 28;
    if (proto === "t") c.flags[p] = flags;
    c.macDst[p] = s.dev.c.mac[dev]!;
    s.op.receive(p, dev);
    this.wait(SECOND / 1000);
  }

  wait(duration: number): void {
    this.s.engine.run(this.s.engine.now + duration);
  }
}

/** What is told of each real server, and what counting the connections gives. */
function counts({ ipvs, engine }: Stack): { readonly told: readonly string[]; readonly counted: readonly string[] } {
  const { connections, reals, servers } = ipvs;
  const c = connections.c;
  const rows = Array.from({ length: connections.top }, (_, row) => row).filter((row) => row > 0 && connections.live[row] === 1);
  const told: string[] = [];
  const counted: string[] = [];
  const listed = new Set([...ipvs.lists.values()].flat());
  for (let real = 1; real < reals.top; real++) {
    if (reals.live[real] !== 1) continue;
    const own = rows.filter((row) => c.real[row] === real);
    const plain = own.filter((row) => (c.flags[row]! & CONNF.template) === 0);
    const inactive = plain.filter((row) => (c.flags[row]! & CONNF.inactive) !== 0).length;
    told.push([real, reals.c.refs[real], reals.c.active[real], reals.c.inactive[real], reals.c.persistent[real], reals.c.server[real] !== 0, ipvs.trash.some((each) => each.row === real)].join(" "));
    counted.push([real, own.length, plain.length - inactive, inactive, own.length - plain.length, listed.has(real), !listed.has(real)].join(" "));
  }
  for (const row of rows) {
    const chain: number[] = [];
    for (let at = ipvs.chain(c.ns[row]!, c.proto[row]!, c.client[row]!, c.clientPort[row]!); at !== 0; at = c.next[at]!) chain.push(at);
    told.push(`${row} controls ${c.controlled[row]}, in its chain, ends in time`);
    counted.push(`${row} controls ${rows.filter((other) => c.control[other] === row).length}${chain.filter((at) => at === row).length === 1 ? ", in its chain" : ""}${engine.timeOf(c.event[row]!) <= c.expires[row]! ? ", ends in time" : ""}`);
  }
  told.push(`${servers.count} servers, ${reals.count} reals`);
  counted.push(`${ipvs.lists.size} servers, ${listed.size + ipvs.trash.length} reals`);
  return { told, counted };
}

test("counts are those of the connections there are, and in the end there are none", () => {
  let most = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 80 }), (steps) => {
      const router = new Router();
      for (const each of steps) {
        if (each.kind === "command") router.run(each.words);
        else if (each.kind === "time") router.wait(each.seconds * SECOND);
        else router.packet(each);
        const { told, counted } = counts(router.s);
        expect(told).toEqual(counted);
        most = Math.max(most, router.s.ipvs.connections.count);
      }
      router.wait(4 * HOUR);
      const { ipvs, packets } = router.s;
      expect([ipvs.connections.count, ipvs.trash.length, packets.count]).toEqual([0, 0, 0]);
      expect([...ipvs.chains.values()].every((chains) => chains.size === 0)).toBe(true);
    }),
    { numRuns: 60 },
  );
  expect(most).toBeGreaterThan(4);
});
