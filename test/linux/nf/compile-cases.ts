/** Random rule sets and packets that meet each other often: few addresses, ports and marks; many rules that ask for exact values. */
import fc from "fast-check";

export interface Chain {
  readonly name: string;
  readonly rules: readonly string[];
}

/** One thing that happens to a table. */
export type Deed =
  | { readonly kind: "packet"; readonly packet: Packet }
  | { readonly kind: "append" | "insert"; readonly chain: string; readonly spec: string }
  | { readonly kind: "cut"; readonly chain: string }
  | { readonly kind: "policy"; readonly drop: boolean }
  | { readonly kind: "forget" }
  | { readonly kind: "zero"; readonly chain: string }
  | { readonly kind: "trace"; readonly on: boolean }
  | { readonly kind: "list" }
  | { readonly kind: "checkpoint" }
  | { readonly kind: "wait"; readonly ms: number };

export interface Packet {
  readonly src: number;
  readonly dst: number;
  readonly proto: number;
  readonly sport: number;
  readonly dport: number;
  readonly flags: number;
  readonly frag: number;
  readonly mark: number;
  readonly length: number;
  readonly ttl: number;
  readonly inDev: number;
  readonly outDev: number;
}

export interface Case {
  readonly family: 4 | 6;
  readonly table: "mangle" | "filter" | "nat";
  readonly base: string;
  readonly traced: boolean;
  readonly chains: readonly Chain[];
  readonly deeds: readonly Deed[];
}

export const ADDRESSES: Readonly<Record<4 | 6, readonly string[]>> = {
  4: ["10.0.0.1", "10.0.0.2", "10.0.1.2", "10.0.0.7", "192.168.7.1", "10.3.0.1"],
  6: ["fd00::1", "fd00::2", "fd00:0:0:1::2", "fd00::7", "2001:db8::1", "fe80::1"],
};
const NETS: Readonly<Record<4 | 6, readonly string[]>> = {
  4: ["10.0.0.0/30", "10.0.0.0/8", "10.0.0.2/255.0.255.255", "192.168.0.0/16", "10.0.0.0/31"],
  6: ["fd00::/126", "fd00::/16", "fd00::/32", "2001:db8::/32", "fd00::/64"],
};
export const DEVICES: readonly string[] = ["eth0", "eth1", "cni0"];
const USER = ["A", "B", "C", "D"];

const usually = <T>(common: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> => fc.oneof({ weight: 4, arbitrary: common }, { weight: 1, arbitrary: rare });
const bang = usually(fc.constant(""), fc.constant("! "));
const join = (...parts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> => fc.tuple(...parts).map((words) => words.filter((word) => word !== "").join(" "));
const none = fc.constant("");
const maybe = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => usually(none, part);

/** A rule that may stand in a run. */
function exact(family: 4 | 6): fc.Arbitrary<string> {
  const address = fc.constantFrom(...ADDRESSES[family].slice(0, 4));
  const dst = address.map((a) => `-d ${a}`);
  return fc.oneof(
    { weight: 6, arbitrary: fc.tuple(dst, fc.constantFrom("tcp", "udp"), fc.constantFrom(53, 80, 81)).map(([d, p, port]) => `${d} -p ${p} -m comment --comment "a b" -m ${p} --dport ${port}`) },
    { weight: 2, arbitrary: fc.tuple(dst, fc.constantFrom("tcp", "udp", "47")).map(([d, p]) => `${d} -p ${p}`) },
    { weight: 2, arbitrary: dst },
    { weight: 1, arbitrary: address.map((a) => `-s ${a}`) },
    { weight: 1, arbitrary: fc.constantFrom(...DEVICES).map((dev) => `-i ${dev}`) },
  );
}

function tests(family: 4 | 6): fc.Arbitrary<string> {
  const host = fc.oneof(fc.constantFrom(...ADDRESSES[family]), fc.constantFrom(...NETS[family]));
  const mark = fc.constantFrom("0x1/0x1", "0x2/0x3", "0x0", "0x80000000/0x80000000");
  const transport = fc.oneof(
    fc.constantFrom("-p tcp", "! -p udp", "-p udp -m udp", "-p tcp -m tcp --dport 80", "-p udp -m udp --dport 53", "-p tcp -m tcp ! --dport 80", "-p udp -m udp --sport 1000:2000"),
    fc.constantFrom("-p tcp -m tcp --syn", "-p tcp -m multiport --dports 80,81", "-p tcp -m tcp --dport 80:81 --sport 1000", "-p sctp -m sctp --dport 80"),
  );
  const match = fc.oneof(
    join(fc.constant("-m mark"), bang, mark.map((m) => `--mark ${m}`)),
    join(fc.constant("-m statistic --mode random"), bang, fc.constantFrom("0", "0.25", "0.5", "1").map((c) => `--probability ${c}`)),
    fc.constantFrom("-m statistic --mode nth --every 3 --packet 1", "-m statistic --mode nth ! --every 2 --packet 0", "-m limit --limit 100/sec --limit-burst 2"),
    fc.constantFrom("-m conntrack --ctstate INVALID", "-m conntrack --ctstate NEW", "-m length --length 60:100", "-m recent --set --name R", "-m recent --update --hitcount 2 --name R"),
  );
  const fragments = family === 4 ? fc.constantFrom("-f", "! -f") : none;
  return join(
    maybe(join(bang, host.map((h) => `-s ${h}`))),
    maybe(join(bang, host.map((h) => `-d ${h}`))),
    maybe(join(bang, fc.constantFrom("-i eth0", "-i eth+", "-i nosuch"))),
    maybe(transport),
    maybe(fragments),
    maybe(match),
    maybe(match),
  );
}

function action(table: Case["table"], later: readonly string[]): fc.Arbitrary<string> {
  const jumps = later.flatMap((chain) => [`-j ${chain}`, `-j ${chain}`, `-g ${chain}`]);
  const marks = table === "mangle" ? ["-j MARK --or-mark 1", "-j MARK --xor-mark 0x2", "-j MARK --set-xmark 0x80000000/0x80000000"] : [];
  const nats = table === "nat" ? ["-p tcp -j DNAT --to-destination 10.9.9.9:8080"] : [];
  return fc.constantFrom("", "-j ACCEPT", "-j DROP", "-j RETURN", "-j LOG", ...jumps, ...jumps, ...marks, ...nats);
}

function rule(family: 4 | 6, table: Case["table"], later: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.oneof(exact(family), tests(family)), action(table, later))
    .map(([test, then]) => (then.includes("DNAT") ? then.replace(/^-p tcp/, test.includes("-p ") || family === 6 ? `-p tcp ${/-[sd] \S+/.exec(test)?.[0] ?? ""}` : `${test} -p tcp`) : `${test} ${then}`).trim())
    .map((spec) => (family === 6 ? spec.replace("10.9.9.9:8080", "[fd00::9]:8080") : spec));
}

function rules(family: 4 | 6, table: Case["table"], later: readonly string[]): fc.Arbitrary<string[]> {
  const run = fc.tuple(fc.array(exact(family), { minLength: 4, maxLength: 12 }), fc.array(action(table, later), { minLength: 12, maxLength: 12 })).map(([specs, actions]) => specs.map((spec, i) => (actions[i]!.includes("DNAT") ? spec : `${spec} ${actions[i]}`.trim())));
  return fc.array(fc.oneof(rule(family, table, later).map((one) => [one]), run), { maxLength: 5 }).map((all) => all.flat());
}

/** Packets that meet the rules often. */
export const packets: fc.Arbitrary<Packet> = fc.record({
  src: fc.nat(5),
  dst: usually(fc.nat(3), fc.nat(5)),
  proto: fc.constantFrom(6, 6, 17, 17, 1, 47, 132),
  sport: fc.constantFrom(1000, 1500, 40000),
  dport: fc.constantFrom(53, 80, 81, 0),
  flags: fc.constantFrom(2, 16, 18),
  frag: usually(fc.constant(0), fc.constantFrom(1, 5, 0x2000, 0x2001)),
  mark: fc.constantFrom(0, 1, 2, 3, 0x80000000 | 0),
  length: fc.constantFrom(60, 80, 1500),
  ttl: fc.constant(64),
  inDev: fc.nat(2),
  outDev: fc.nat(2),
});

function deed(family: 4 | 6, table: Case["table"]): fc.Arbitrary<Deed> {
  const place = fc.nat(USER.length - 1).chain((at) => fc.record({ chain: fc.constant(USER[at]!), spec: rule(family, table, USER.slice(at + 1)) }));
  return fc.oneof(
    { weight: 24, arbitrary: packets.map((one): Deed => ({ kind: "packet", packet: one })) },
    { weight: 2, arbitrary: place.chain((at) => fc.constantFrom<Deed>({ kind: "append", ...at }, { kind: "insert", ...at })) },
    { weight: 1, arbitrary: fc.constantFrom(...USER).map((chain): Deed => ({ kind: "cut", chain })) },
    { weight: 1, arbitrary: fc.boolean().map((drop): Deed => ({ kind: "policy", drop: drop && table !== "nat" })) },
    { weight: 1, arbitrary: fc.constant<Deed>({ kind: "forget" }) },
    { weight: 1, arbitrary: fc.nat(50).map((ms): Deed => ({ kind: "wait", ms })) },
  );
}

/** Rule sets of a base chain and four chains below it, and what happens to them. */
export function cases(deeds: number): fc.Arbitrary<Case> {
  return fc
    .record({ family: fc.constantFrom<4 | 6>(4, 4, 6), table: fc.constantFrom<Case["table"]>("mangle", "filter", "nat"), traced: fc.boolean() })
    .chain(({ family, table, traced }) => {
      const base = table === "filter" ? "FORWARD" : "PREROUTING";
      const all = [base, ...USER];
      const chains = fc.tuple(...all.map((name, i) => rules(family, table, USER.slice(i)).map((made): Chain => ({ name, rules: made }))));
      return fc.record({
        family: fc.constant(family),
        table: fc.constant(table),
        base: fc.constant(base),
        traced: fc.constant(traced),
        chains,
        deeds: fc.array(deed(family, table), { minLength: deeds, maxLength: deeds }),
      });
    });
}
