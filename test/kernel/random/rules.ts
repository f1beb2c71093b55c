/** Random rules that iptables accepts: which matches and targets a chain allows, drawn so that most of them meet some packet. */
import fc from "fast-check";
import type { Node, World } from "./world.js";

export interface Rule {
  readonly table: string;
  readonly chain: string;
  /** Words between `-A CHAIN` and the target, the protocol first. */
  readonly proto: string;
  readonly words: readonly string[];
  /** "" for a rule without target */
  readonly target: string;
}

export const TABLES: Readonly<Record<string, readonly string[]>> = Object.freeze({
  raw: ["PREROUTING", "OUTPUT"],
  mangle: ["PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING"],
  nat: ["PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"],
  filter: ["INPUT", "FORWARD", "OUTPUT"],
});

/** Chains of the user; each may go only to later ones. In nat the first serves destinations, the second sources. */
export const USER: readonly string[] = ["U0", "U1", "U2"];

const one = (values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
/** `word` in about one case of `n`, else nothing; shrinks to nothing. */
const maybe = (n: number, word: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.option(word, { nil: "", freq: n });
const sometimesNot = (word: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(fc.integer({ min: 0, max: 6 }), word).map(([n, text]) => (n === 6 ? `! ${text}` : text));

const PORTS = ["8080", "80", "53", "5353", "8081", "8000:9000", "1:1023", "40000:40999"];

function address(world: World): fc.Arbitrary<string> {
  return one([...world.ends.map((end) => end.addr), ...world.nets, ...world.own, ...world.services, ...world.nets]);
}

function protocol(world: World): fc.Arbitrary<readonly [string, string]> {
  return fc.oneof(
  { weight: 3, arbitrary: fc.constant(["", ""] as const) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("tcp"), maybe(3, fc.oneof(
    sometimesNot(one(PORTS).map((port) => `--dport ${port}`)).map((text) => `-m tcp ${text}`),
    sometimesNot(one(PORTS).map((port) => `--sport ${port}`)).map((text) => `-m tcp ${text}`),
    one(["-m tcp --tcp-flags FIN,SYN,RST,ACK SYN", "-m tcp --tcp-flags FIN FIN", "-m tcp --tcp-flags SYN,ACK SYN,ACK", "-m tcp --tcp-flags RST RST", "-m tcp --tcp-flags PSH PSH", "-m tcp ! --syn"]),
    one(["--dports 80,8080", "--sports 8080,5353", "--ports 53,8080:8081", "! --dports 8080,80"]).map((text) => `-m multiport ${text}`),
  ))) },
  { weight: 3, arbitrary: fc.tuple(fc.constant("udp"), maybe(3, fc.oneof(
    sometimesNot(one(PORTS).map((port) => `--dport ${port}`)).map((text) => `-m udp ${text}`),
    one(PORTS).map((port) => `-m udp --sport ${port}`),
    one(["--dports 53,5353", "--sports 5353", "--ports 40000:41000"]).map((text) => `-m multiport ${text}`),
  ))) },
  { weight: 2, arbitrary: world.ip === 6
    ? fc.tuple(fc.constant("ipv6-icmp"), maybe(2, one(["129", "128", "1", "1/4", "2", "3", "135", "136", "! 128"]).map((type) =>
      type.startsWith("!") ? `-m icmp6 ! --icmpv6-type ${type.slice(2)}` : `-m icmp6 --icmpv6-type ${type}`)))
    : fc.tuple(fc.constant("icmp"), maybe(2, one(["0", "8", "3", "3/3", "11", "! 8"]).map((type) =>
      type.startsWith("!") ? `-m icmp ! --icmp-type ${type.slice(2)}` : `-m icmp --icmp-type ${type}`))) },
  );
}

function states(table: string): readonly string[] {
  const words = ["NEW", "ESTABLISHED", "RELATED,ESTABLISHED", "INVALID", "NEW,RELATED", "DNAT", "SNAT"];
  return table === "raw" ? [...words, "UNTRACKED"] : words;
}

function extra(world: World, node: Node, table: string, chain: string): fc.Arbitrary<string> {
  const source = chain !== "OUTPUT" && chain !== "POSTROUTING" && !USER.includes(chain);
  return fc.oneof(
    sometimesNot(one(states(table)).map((state) => `--ctstate ${state}`)).map((text) => `-m conntrack ${text}`),
    one(["NEW", "ESTABLISHED", "RELATED", "NEW,ESTABLISHED"]).map((state) => `-m state --state ${state}`),
    fc.oneof(
      address(world).map((addr) => `--ctorigdst ${addr}`), address(world).map((addr) => `--ctorigsrc ${addr}`), address(world).map((addr) => `--ctreplsrc ${addr}`),
      one(["--ctdir ORIGINAL", "--ctdir REPLY", "--ctstatus SEEN_REPLY", "--ctstatus ASSURED", "--ctstatus CONFIRMED", "--ctorigdstport 80", "--ctproto 6", "--ctproto 17", "--ctstatus NONE"]),
    ).map((text) => `-m conntrack ${text}`),
    sometimesNot(one(["--mark 0x1", "--mark 0x4000/0x4000", "--mark 0x0/0xff", "--mark 0x8000/0x8000"])).map((text) => `-m mark ${text}`),
    sometimesNot(one(["--mark 0x1", "--mark 0x0", "--mark 0x2/0xf"])).map((text) => `-m connmark ${text}`),
    one(["--dst-type LOCAL", "--src-type LOCAL", "--dst-type UNICAST", "--src-type UNICAST", "! --dst-type LOCAL", world.ip === 6 ? "--dst-type ANYCAST" : "--dst-type BROADCAST", "--src-type LOCAL,UNICAST"]).map((text) => `-m addrtype ${text}`),
    sometimesNot(one(["--match-set hosts src", "--match-set hosts dst", "--match-set nets src", "--match-set nets dst", "--match-set svc dst,dst", "--match-set svc src,src", "--match-set all src", "--match-set ports dst"]))
      .map((text) => `-m set ${text}`),
    fc.tuple(fc.integer({ min: 2, max: 3 }), fc.integer({ min: 0, max: 1 })).map(([every, packet]) => `-m statistic --mode nth --every ${every} --packet ${packet}`),
    fc.integer({ min: 1, max: 99 }).map((n) => `-m comment --comment "rule ${n}"`),
    one(["--length 60", "--length 0:100", "--length 84", "! --length 40:60", "--length 1000:65535"]).map((text) => `-m length ${text}`),
    one(["eq 64", "lt 64", "gt 62", "eq 63"]).map((text) => (world.ip === 6 ? `-m hl --hl-${text}` : `-m ttl --ttl-${text}`)),
    fc.tuple(one(["src", "dst"]), one(world.ends.map((end) => end.addr)), fc.boolean()).map(([side, addr, not]) => {
      const net = addr.replace(/\d+$/, "");
      return `-m iprange ${not ? "! " : ""}--${side}-range ${net}10-${net}12`;
    }),
    one(source ? world.macs.map((mac) => `-m mac --mac-source ${mac}`) : [""]),
    one(chain === "PREROUTING" && table !== "nat" && table !== "filter" ? ["-m rpfilter", "-m rpfilter --invert", "-m rpfilter --loose"] : [""]),
    one(node.ports.length > 0 && (chain === "FORWARD" || chain === "POSTROUTING")
      ? ["--physdev-is-bridged", ...node.ports.map((port) => `--physdev-in ${port}`), ...(chain === "FORWARD" ? node.ports.map((port) => `--physdev-is-bridged --physdev-out ${port}`) : [])].map((text) => `-m physdev ${text}`)
      : [""]),
  );
}

function devices(node: Node, chain: string): fc.Arbitrary<string> {
  const dev = sometimesNot(one([...node.devices, "v+"]));
  const inbound = dev.map((text) => (text.startsWith("!") ? `! -i ${text.slice(2)}` : `-i ${text}`));
  const outbound = dev.map((text) => (text.startsWith("!") ? `! -o ${text.slice(2)}` : `-o ${text}`));
  if (chain === "PREROUTING" || chain === "INPUT") return inbound;
  if (chain === "OUTPUT" || chain === "POSTROUTING") return outbound;
  return fc.oneof(inbound, outbound);
}

const REJECTS = [
  "icmp-port-unreachable", "icmp-net-unreachable", "icmp-host-unreachable", "icmp-proto-unreachable", "icmp-net-prohibited", "icmp-host-prohibited", "icmp-admin-prohibited", "tcp-reset",
];
const REJECTS6 = ["icmp6-no-route", "icmp6-adm-prohibited", "icmp6-addr-unreachable", "icmp6-port-unreachable", "icmp6-policy-fail", "icmp6-reject-route", "tcp-reset"];
const MARKS = ["MARK --set-xmark 0x1/0xffffffff", "MARK --set-xmark 0x4000/0x4000", "MARK --set-xmark 0x0/0x1", "MARK --and-mark 0xff", "MARK --xor-mark 0x3"];
const CONNMARKS = ["CONNMARK --set-xmark 0x1/0xffffffff", "CONNMARK --save-mark", "CONNMARK --restore-mark", "CONNMARK --set-xmark 0x2/0xf"];

function destinations(world: World): string[] {
  const ports = ["", ":8080", ":5353", ":8081", ":8080-8081"];
  const at = (addr: string, port: string): string => (world.ip === 6 && port !== "" ? `[${addr}]${port}` : `${addr}${port}`);
  return world.ends.flatMap((end, n) => [`DNAT --to-destination ${at(end.addr, ports[n % ports.length]!)}`, `DNAT --to-destination ${at(end.addr, ":8080")}`]);
}

function natTargets(world: World, chain: string): string[] {
  const kind = chain === "U0" || chain === "PREROUTING" || chain === "OUTPUT" ? "dst" : chain === "U2" ? "none" : chain === "INPUT" ? "input" : "src";
  if (kind === "dst") return [...destinations(world), "REDIRECT --to-ports 8080", "REDIRECT --to-ports 5353", "REDIRECT", `DNAT --to-destination ${world.ip === 6 ? "[::1]:8080" : "127.0.0.1:8080"}`];
  const sources = world.own.slice(0, 3).flatMap((addr) => [`SNAT --to-source ${addr}`, `SNAT --to-source ${world.ip === 6 ? `[${addr}]` : addr}:45000`]);
  if (kind === "input") return sources;
  return kind === "src" ? [...sources, "MASQUERADE", "MASQUERADE", `SNAT --to-source ${world.ends[0]!.addr}`] : [];
}

/** Chains that a rule of `chain` may go to. */
function onward(table: string, chain: string): string[] {
  if (table === "nat") {
    if (chain === "PREROUTING" || chain === "OUTPUT") return ["U0", "U2"];
    if (chain === "POSTROUTING") return ["U1", "U2"];
    return chain === "U2" ? [] : ["U2"];
  }
  return USER.slice(USER.indexOf(chain) + 1);
}

function target(world: World, table: string, chain: string): fc.Arbitrary<string> {
  const next = onward(table, chain);
  const plain = ["", "ACCEPT", "RETURN"];
  const sets = ["SET --add-set seen src", "SET --add-set seen dst --exist", "SET --del-set hosts src"];
  const kinds: { weight: number; arbitrary: fc.Arbitrary<string> }[] = [
    { weight: 2, arbitrary: one(plain) },
    { weight: 2, arbitrary: one(MARKS) },
    { weight: 1, arbitrary: one(CONNMARKS) },
    { weight: 1, arbitrary: one(sets) },
  ];
  if (next.length > 0) kinds.push({ weight: 4, arbitrary: fc.tuple(fc.integer({ min: 0, max: 4 }), one(next)).map(([n, to]) => (n === 4 ? `-g ${to}` : `-j ${to}`)) });
  if (table === "raw") kinds.push({ weight: 2, arbitrary: one(["CT --notrack", "NOTRACK", "DROP", "CT --zone 1"]) });
  if (table === "mangle") kinds.push({ weight: 1, arbitrary: one(["DROP", "TCPMSS --set-mss 1000", ...(chain === "FORWARD" || chain === "POSTROUTING" || chain === "OUTPUT" ? ["TCPMSS --clamp-mss-to-pmtu"] : [])]) });
  if (table === "filter") kinds.push({ weight: 2, arbitrary: one(world.ip === 6 ? REJECTS6 : REJECTS).map((kind) => `REJECT --reject-with ${kind}`) }, { weight: 1, arbitrary: fc.constant("DROP") });
  const nat = table === "nat" ? natTargets(world, chain) : [];
  if (nat.length > 0) kinds.push({ weight: 6, arbitrary: one(nat) });
  return fc.oneof(...kinds);
}

/** A target may ask for a protocol that the rule did not name. */
function fitted(world: World, to: string, proto: string): string {
  if (to.startsWith("TCPMSS") && proto !== "tcp") return "";
  if (to.endsWith("tcp-reset") && proto !== "tcp") return world.ip === 6 ? "REJECT --reject-with icmp6-port-unreachable" : "REJECT --reject-with icmp-port-unreachable";
  if (proto === "tcp" || proto === "udp") return to;
  return to.replace(/ --to-ports \d+$/, "").replace(/(--to-(?:destination|source) [\d.]+):[\d-]+$/, "$1").replace(/\[(\S+)\]:[\d-]+$/, "$1");
}

function ruleAt(world: World, node: Node, table: string, chain: string): fc.Arbitrary<Rule> {
  return fc
    .record({
      proto: protocol(world),
      src: maybe(1, sometimesNot(address(world).map((addr) => `-s ${addr}`))),
      dst: maybe(1, sometimesNot(address(world).map((addr) => `-d ${addr}`))),
      dev: fc.option(devices(node, chain), { nil: "", freq: 1 }),
      extras: fc.array(extra(world, node, table, chain), { maxLength: 2 }),
      target: target(world, table, chain),
    })
    .map((r) => {
      const [proto, detail] = r.proto;
      const to = fitted(world, r.target, proto);
      const syn = to.startsWith("TCPMSS") ? "-m tcp --tcp-flags SYN,RST SYN" : "";
      const words = [r.src, r.dst, r.dev, proto === "" ? "" : `-p ${proto}`, syn === "" || detail.startsWith("-m multiport") ? detail : "", syn, ...r.extras, to === "" ? "" : to.startsWith("-") ? to : `-j ${to}`];
      return { table, chain, proto, words: words.filter((word) => word !== ""), target: to };
    });
}

/** Rules for a node, in any of its chains; filter and nat the oftenest. */
export function rulesFor(world: World, node: Node): fc.Arbitrary<readonly Rule[]> {
  const weight: Readonly<Record<string, number>> = { raw: 1, mangle: 2, nat: 4, filter: 4 };
  const places = Object.entries(TABLES).flatMap(([table, chains]) =>
    [...chains, ...USER].map((chain) => ({
      weight: weight[table]! * (USER.includes(chain) || (table === "nat" && chain === "INPUT") ? 1 : 2),
      arbitrary: ruleAt(world, node, table, chain),
    })),
  );
  return fc.array(fc.oneof(...places), { maxLength: 22, size: "max" });
}

/** What `iptables-restore` reads; `first` are words that go before a table's own rules. */
export function restoreText(rules: readonly Rule[], first: Readonly<Record<string, readonly string[]>>, policies: Readonly<Record<string, string>>): string[] {
  const lines: string[] = [];
  for (const [table, chains] of Object.entries(TABLES)) {
    const mine = rules.filter((rule) => rule.table === table);
    const before = first[table] ?? [];
    if (mine.length === 0 && before.length === 0) continue;
    lines.push(`*${table}`, ...chains.map((chain) => `:${chain} ${(table === "filter" ? policies[chain] : undefined) ?? "ACCEPT"} [0:0]`), ...USER.map((chain) => `:${chain} - [0:0]`), ...before);
    lines.push(...mine.map((rule) => `-A ${rule.chain} ${rule.words.join(" ")}`.trimEnd()), "COMMIT");
  }
  return lines;
}
