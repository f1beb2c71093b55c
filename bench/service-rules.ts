// The nat table that kube-proxy writes for N services of two endpoints each, and new flows to them: what iptables-classify
// matches and iptables-compile compiles. Addresses as in clusters: services from 172.16.0.1 on, endpoints from 10.200.0.1 on.
import { xorshift32 } from "./chance.js";

export const UDP = 17;
export const PORT = 53;
export const ENDPOINTS = 2;
export const ENDPOINT_PORT = 5300;
/** Packets made ahead; a run goes round them. */
export const PACKETS = 1 << 16;

const SERVICES_FROM = 0xac100001;
const ENDPOINTS_FROM = 0x0ac80001;
/** The pods' network. */
export const PODS = 0x0a640000;
const ELSEWHERE = 0x08000000;

export const serviceAddress = (i: number): number => SERVICES_FROM + i;
export const endpointAddress = (i: number, j: number): number => ENDPOINTS_FROM + ((i * ENDPOINTS + j) % 60000);

export function text(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** Rules of one service by chain. */
export function rulesOfService(i: number): { readonly chain: string; readonly spec: string }[] {
  const vip = `-d ${text(serviceAddress(i))}/32 -p udp -m comment --comment "ns/svc-${i}:dns cluster IP" -m udp --dport ${PORT}`;
  const rules = [
    { chain: "KUBE-SERVICES", spec: `${vip} -j KUBE-SVC-${i}` },
    { chain: `KUBE-SVC-${i}`, spec: `! -s 10.100.0.0/16 ${vip} -j KUBE-MARK-MASQ` },
  ];
  for (let j = 0; j < ENDPOINTS; j++) {
    const chance = j < ENDPOINTS - 1 ? `-m statistic --mode random --probability ${(1 / (ENDPOINTS - j)).toFixed(11)} ` : "";
    const endpoint = text(endpointAddress(i, j));
    rules.push({ chain: `KUBE-SVC-${i}`, spec: `-m comment --comment "ns/svc-${i}:dns -> ${endpoint}" ${chance}-j KUBE-SEP-${i}-${j}` });
    rules.push({ chain: `KUBE-SEP-${i}-${j}`, spec: `-s ${endpoint}/32 -m comment --comment "ns/svc-${i}:dns" -j KUBE-MARK-MASQ` });
    rules.push({ chain: `KUBE-SEP-${i}-${j}`, spec: `-p udp -m comment --comment "ns/svc-${i}:dns" -m udp -j DNAT --to-destination ${endpoint}:${ENDPOINT_PORT}` });
  }
  return rules;
}

/** The table as iptables-restore reads it. */
export function natTable(services: number): string {
  const rules = Array.from({ length: services }, (_, i) => rulesOfService(i)).flat();
  const chains = new Set(["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-MARK-MASQ", ...rules.map((rule) => rule.chain)]);
  return [
    "*nat",
    ...[...chains].map((chain) => `:${chain} - [0:0]`),
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    "-A KUBE-MARK-MASQ -j MARK --or-mark 0x4000",
    ...rules.map(({ chain, spec }) => `-A ${chain} ${spec}`),
    "-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS",
    "COMMIT",
    "",
  ].join("\n");
}

export interface Flows {
  readonly src: Uint32Array;
  readonly dst: Uint32Array;
  readonly sport: Uint16Array;
}

/** New flows, uniform over the services; one in twenty goes to none of them, one in twenty comes from outside the pods. */
export function newFlows(services: number): Flows {
  const draw = xorshift32(5);
  const src = new Uint32Array(PACKETS);
  const dst = new Uint32Array(PACKETS);
  const sport = new Uint16Array(PACKETS);
  for (let i = 0; i < PACKETS; i++) {
    src[i] = draw() % 20 === 0 ? 0xc0a80000 + (draw() & 0xffff) : PODS + (draw() & 0xffff);
    dst[i] = draw() % 20 === 0 ? ELSEWHERE + (draw() & 0xffffff) : serviceAddress(draw() % services);
    sport[i] = 1024 + (draw() % 60000);
  }
  return { src, dst, sport };
}
