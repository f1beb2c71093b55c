/** Random nat tables of kube-proxy's shape and near misses of it: a dispatching chain, services, endpoints, a chain that marks. */
import fc from "fast-check";
import { ADDRESSES, type Case, type Chain, type Deed, type Packet, packets } from "./compile-cases.js";

const SERVICES = 3;
const ENDPOINTS = 4;
const MARKING = "MARK-MASQ";
const DISPATCH = "SERVICES";

const serviceName = (i: number): string => `SVC-${i}`;
const endpointName = (i: number): string => `SEP-${i}`;
const mostly = <T>(common: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> => fc.oneof({ weight: 16, arbitrary: common }, { weight: 1, arbitrary: rare });
const lines = (...parts: readonly fc.Arbitrary<string | readonly string[]>[]): fc.Arbitrary<string[]> => fc.tuple(...parts).map((all) => all.flat().filter((line) => line !== ""));
const none = fc.constant("");
const optional = (part: fc.Arbitrary<string>): fc.Arbitrary<string> => mostly(part, none);

/** A key that packets may carry, as the words that ask for it. */
function key(family: 4 | 6): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...ADDRESSES[family].slice(0, 2)), fc.constantFrom("tcp", "udp"), mostly(fc.constant(80), fc.constant(53))).map(([dst, proto, port]) => `-d ${dst} -p ${proto} -m comment --comment "ns/svc cluster IP" -m ${proto} --dport ${port}`);
}

/** Mostly to a service, a few times over. */
const toServices: fc.Arbitrary<Packet> = fc
  .tuple(packets, mostly(fc.record({ dst: fc.nat(1), proto: fc.constantFrom(6, 17), dport: fc.constant(80), frag: fc.constant(0) }), fc.constant({})))
  .map(([packet, key]) => ({ ...packet, ...key }));

function marking(): fc.Arbitrary<string[]> {
  return mostly(
    fc.constant(["-j MARK --or-mark 0x4000"]),
    fc.constantFrom<string[]>(["-m comment --comment x -j MARK --set-xmark 0x1/0x3"], ["-p tcp -j MARK --or-mark 0x4000"], ["-j MARK --or-mark 0x4000", "-j MARK --xor-mark 0x1"], [], ["-j RETURN"], ["-j LOG"]),
  );
}

function service(family: 4 | 6): fc.Arbitrary<string[]> {
  const net = family === 4 ? "10.0.0.0/31" : "fd00::/127";
  const from = mostly(fc.constantFrom(`! -s ${net} `, `-s ${net} `, ""), fc.constantFrom("-i eth0 ", `-s ${ADDRESSES[family][4]} `, "-m mark --mark 0x1/0x1 "));
  const guard = fc.tuple(from, optional(key(family)), mostly(fc.constant("-j"), fc.constant("-g"))).map(([test, asked, jump]) => `${test}${asked} ${jump} ${MARKING}`);
  const chance = mostly(fc.constantFrom("0.5", "0.33333333349", "0.25", "0", "1").map((c) => `-m statistic --mode random --probability ${c} `), fc.constantFrom("-m statistic --mode nth --every 2 --packet 0 ", "-m statistic --mode random ! --probability 0.5 ", "-p tcp ", `-s ${ADDRESSES[family][1]} `, ""));
  const pick = (test: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.tuple(test, fc.nat(ENDPOINTS - 1)).map(([words, to]) => `-m comment --comment "ns/svc" ${words}-j ${endpointName(to)}`);
  return lines(optional(guard), mostly(none, guard), fc.array(pick(chance), { maxLength: 3 }), optional(pick(fc.constant(""))));
}

function endpoint(family: 4 | 6): fc.Arbitrary<string[]> {
  return fc.tuple(fc.nat(3), fc.nat(4)).chain(([at, other]) => {
    const addresses = ADDRESSES[family];
    const to = family === 4 ? `${addresses[at]}:8080` : `[${addresses[at]}]:8080`;
    const own = mostly(fc.constant(`-s ${addresses[at]} -m comment --comment x -j ${MARKING}`), fc.constant(`-s ${addresses[other]} -j ${MARKING}`));
    const last = mostly(fc.constantFrom("tcp", "udp").map((proto) => `-p ${proto} -m comment --comment x -m ${proto} -j DNAT --to-destination ${to}`), fc.constantFrom("-j RETURN", "-p tcp -m recent --set --name R", `-p tcp -m tcp --dport 80 -j DNAT --to-destination ${to.replace("8080", "8080-8081")}`));
    return lines(optional(own), last, mostly(none, last));
  });
}

function dispatch(family: 4 | 6): fc.Arbitrary<string[]> {
  const rule = fc.tuple(key(family), mostly(fc.nat(SERVICES - 1).map((i) => `-j ${serviceName(i)}`), fc.constantFrom(`-j ${endpointName(0)}`, "-j RETURN", "-j ACCEPT", `-g ${serviceName(0)}`))).map(([asked, then]) => `${asked} ${then}`);
  return lines(mostly(none, fc.constant("-m mark --mark 0x2/0x2 -j RETURN")), fc.array(rule, { minLength: 4, maxLength: 12 }), mostly(none, fc.constantFrom("-p tcp -j LOG")), fc.array(rule, { maxLength: 6 }));
}

function entry(): fc.Arbitrary<string[]> {
  const jump = `-m comment --comment "kubernetes service portals" -j ${DISPATCH}`;
  return mostly(fc.constant([jump]), fc.constantFrom<string[]>([`-p tcp -j ${DISPATCH}`, jump], ["-j LOG", jump], [jump, jump], [`-g ${DISPATCH}`]));
}

/** Tables of services, and packets that mostly go to them. */
export function serviceCases(deeds: number): fc.Arbitrary<Case> {
  return fc.constantFrom<4 | 6>(4, 4, 6).chain((family) => {
    const made: readonly (readonly [string, fc.Arbitrary<string[]>])[] = [
      ["PREROUTING", entry()],
      [DISPATCH, dispatch(family)],
      ...Array.from({ length: SERVICES }, (_, i) => [serviceName(i), service(family)] as const),
      ...Array.from({ length: ENDPOINTS }, (_, i) => [endpointName(i), endpoint(family)] as const),
      [MARKING, marking()],
    ];
    // A chain's other rules, put behind or before those it has.
    const change = fc.nat(made.length - 1).chain((at) => made[at]![1].chain((rules) => fc.record({ kind: fc.constantFrom<"append" | "insert">("append", "insert"), chain: fc.constant(made[at]![0]), spec: rules.length === 0 ? fc.constant("-j LOG") : fc.constantFrom(...rules) })));
    const deed: fc.Arbitrary<Deed> = fc.oneof(
      { weight: 50, arbitrary: toServices.map((packet): Deed => ({ kind: "packet", packet })) },
      { weight: 3, arbitrary: change },
      { weight: 3, arbitrary: fc.constantFrom(...made.map(([chain]) => chain)).map((chain): Deed => ({ kind: "cut", chain })) },
      { weight: 1, arbitrary: fc.constantFrom(...made.map(([chain]) => chain)).map((chain): Deed => ({ kind: "zero", chain })) },
      { weight: 1, arbitrary: fc.constant<Deed>({ kind: "forget" }) },
      { weight: 1, arbitrary: fc.boolean().map((on): Deed => ({ kind: "trace", on })) },
      { weight: 1, arbitrary: fc.constantFrom<Deed>({ kind: "list" }, { kind: "checkpoint" }) },
    );
    return fc.record({
      family: fc.constant(family),
      table: fc.constant<"nat">("nat"),
      base: fc.constant("PREROUTING"),
      traced: fc.constant(false),
      chains: fc.tuple(...made.map(([name, rules]) => rules.map((all): Chain => ({ name, rules: all })))),
      deeds: fc.array(deed, { minLength: deeds, maxLength: deeds }),
    });
  });
}
