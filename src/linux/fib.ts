/**
 * Longest-prefix route lookup, and the changes of routes that addresses and links cause.
 *
 * Kernel: net/ipv4/fib_trie.c, fib_frontend.c (fib_add_ifaddr, fib_disable_ip), fib_rules.c. What is derived from a table
 * is a sorted array while the table is small (a pod has half a dozen routes) and a prefix trie beyond, updated in place.
 */
import { Lpm4, Lpm6 } from "../base/lpm.js";
import { mix32 } from "../base/hash.js";
import { isLocalTable, type Nexthop, netnsOfKey, prefixKey, RTN, type Route, RT_SCOPE, RT_TABLE, tableKey, tableOfKey } from "./fib-table.js";
import { matchesRule, rulesOf } from "./policy-routing.js";
import { routeChanged } from "./sock/netlink.js";
import { DEVF, type Stack } from "./stack.js";
import { waitsFor, writeNow } from "./write-later.js";

/** Tables up to this many prefixes are scanned, longest prefix first: quicker and far smaller than a trie there. */
const SMALL = 16;

interface Derived {
  /** lists of routes by slot; slot 0 is none */
  readonly lists: (readonly Route[])[];
  readonly slots: Map<string, number>;
  /** small tables: prefix length, words; sorted by descending length */
  scan: Int32Array | null;
  trie4: Lpm4 | null;
  trie6: Lpm6 | null;
  /** something waits for a look at the namespace, see `write-later.ts` */
  readonly waits: boolean;
}

const STRIDE = 6;

function derive(s: Stack, ns: number, key: number, family: number): Derived | null {
  const known = s.fib.derived.get(key) as Derived | undefined;
  if (known !== undefined) return known;
  const table = s.fib.tables.get(key);
  if (table === undefined || table.size === 0) return null;
  const made: Derived = { lists: [[]], slots: new Map(), scan: null, trie4: null, trie6: null, waits: s.fib.waiting.has(ns) && !isLocalTable(key) };
  const entries = [...table.entries()];
  if (entries.length <= SMALL) {
    entries.sort((a, b) => b[1][0]!.prefix - a[1][0]!.prefix || (a[0] < b[0] ? -1 : 1));
    const scan = new Int32Array(entries.length * STRIDE);
    entries.forEach(([, routes], i) => {
      made.lists.push(routes);
      const { words, prefix } = routes[0]!;
      scan.set([prefix, words[0], words[1], words[2], words[3], i + 1], i * STRIDE);
    });
    made.scan = scan;
  } else {
    if (family === 4) made.trie4 = new Lpm4();
    else made.trie6 = new Lpm6();
    for (const [text, routes] of entries) putInTrie(made, text, routes);
  }
  s.fib.derived.set(key, made);
  return made;
}

function putInTrie(d: Derived, text: string, routes: readonly Route[]): void {
  let slot = d.slots.get(text);
  if (slot !== undefined) {
    d.lists[slot] = routes;
    return;
  }
  slot = d.lists.push(routes) - 1;
  d.slots.set(text, slot);
  const { words, prefix } = routes[0]!;
  if (d.trie4 !== null) d.trie4.insert(words[0], prefix, slot);
  else d.trie6!.insert(words[0], words[1], words[2], words[3], prefix, slot);
}

/** Replaces the routes of one prefix (an empty list removes the prefix) and keeps what was derived true. */
export function setRoutes(s: Stack, key: number, family: number, words: readonly number[], prefix: number, routes: readonly Route[]): void {
  const text = prefixKey(family, words, prefix);
  if (routes.length === 0 && !s.fib.tables.has(key)) return;
  s.fib.recent.forget();
  const table = s.fib.make(key);
  if (routes.length === 0) table.delete(text);
  // A copy has no room to grow.
  else table.set(s.fib.parts.prefix(text, routes[0]!.words).key, Object.freeze(routes.slice()));
  if (s.app.watchers.size > 0) routeChanged(s, netnsOfKey(key), family, tableOfKey(key), words, prefix);
  const derived = s.fib.derived.get(key) as Derived | undefined;
  if (derived === undefined) return;
  if (derived.scan !== null) {
    s.fib.derived.delete(key);
  } else if (routes.length > 0) {
    putInTrie(derived, text, routes);
  } else {
    derived.slots.delete(text);
    if (derived.trie4 !== null) derived.trie4.remove(words[0]!, prefix);
    else derived.trie6!.remove(words[0]!, words[1]!, words[2]!, words[3]!, prefix);
  }
}

const maskWord = (bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? -1 : -1 << (32 - bits));

function scanTable(d: Derived, w: Int32Array, at: number, oif: number, scope: number): Route | null {
  const scan = d.scan!;
  for (let i = 0; i < scan.length; i += STRIDE) {
    const prefix = scan[i]!;
    if (((w[at]! ^ scan[i + 1]!) & maskWord(prefix)) !== 0) continue;
    if (prefix > 32) {
      if (((w[at + 1]! ^ scan[i + 2]!) & maskWord(prefix - 32)) !== 0) continue;
      if (((w[at + 2]! ^ scan[i + 3]!) & maskWord(prefix - 64)) !== 0) continue;
      if (((w[at + 3]! ^ scan[i + 4]!) & maskWord(prefix - 96)) !== 0) continue;
    }
    const route = usable(d.lists[scan[i + 5]!]!, oif, scope);
    if (route !== null) return route;
  }
  return null;
}

/** The best of one prefix's routes that can leave by `oif` (0: any) and reach no farther than `scope` (0: anywhere). */
function usable(routes: readonly Route[], oif: number, scope: number): Route | null {
  if (oif === 0 && scope === 0) return routes[0]!;
  for (const route of routes) {
    if (route.scope < scope) continue;
    if (oif === 0) return route;
    if (route.hops.length === 0) return route;
    for (const hop of route.hops) if (hop.dev === oif) return route;
  }
  return null;
}

function lookupTable(s: Stack, ns: number, table: number, dst: number, oif: number, scope = 0): Route | null {
  const family = s.book.family[dst]!;
  let d = derive(s, ns, tableKey(ns, family, table), family);
  if ((d === null ? s.fib.waiting.size > 0 : d.waits) && waitsFor(s, ns, table, dst)) {
    writeNow(s, ns);
    d = derive(s, ns, tableKey(ns, family, table), family);
  }
  if (d === null) return null;
  const w = s.book.words;
  const at = dst * 4;
  if (d.scan !== null) return scanTable(d, w, at, oif, scope);
  const slot = d.trie4 !== null ? d.trie4.lookup(w[at]!) : d.trie6!.lookup(w, at);
  if (slot === 0) return null;
  const route = usable(d.lists[slot]!, oif, scope);
  return route !== null ? route : shorterUsable(s, ns, family, table, dst, oif, scope);
}

/** The slow case behind a trie: the longest match cannot be taken, so shorter prefixes are tried. */
function shorterUsable(s: Stack, ns: number, family: number, table: number, dst: number, oif: number, scope: number): Route | null {
  let best: Route | null = null;
  for (const routes of s.fib.tables.get(tableKey(ns, family, table))!.values()) {
    const { words, prefix } = routes[0]!;
    if (best !== null && best.prefix >= prefix) continue;
    let inside = true;
    for (let k = 0; k < 4 && inside; k++) inside = ((s.book.words[dst * 4 + k]! ^ words[k]!) & maskWord(prefix - 32 * k)) === 0;
    if (inside) best = usable(routes, oif, scope) ?? best;
  }
  return best;
}

/** Whether a namespace has other policy rules than the three of every kernel. */
export function hasRules(s: Stack, ns: number): boolean {
  return s.fib.rules.size > 0 && s.fib.rules.has(ns);
}

/** The route to an address in the table `local`, which is kept under the negated address. */
function lookupLocal(s: Stack, ns: number, addr: number): Route | null {
  const known = s.fib.recent.get(ns, ~addr);
  if (known !== undefined) return known;
  const found = lookupTable(s, ns, RT_TABLE.local, addr, 0);
  s.fib.recent.keep(ns, ~addr, found);
  return found;
}

function lookupDefault(s: Stack, ns: number, dst: number, oif: number): Route | null {
  const own = lookupTable(s, ns, RT_TABLE.local, dst, oif);
  if (own !== null) return own;
  const route = lookupTable(s, ns, RT_TABLE.main, dst, oif);
  if (route !== null && route.type !== RTN.throw) return route;
  return lookupTable(s, ns, RT_TABLE.default, dst, oif);
}

/**
 * fib_lookup: the route to `dst` by the namespace's policy rules, or null. `mark`, `iif` and `oif` are what rules and
 * bound devices ask for; 0 where there is none. A rule that is itself an error gives a route of that type without hops.
 */
export function fibLookup(s: Stack, ns: number, dst: number, src: number, mark: number, iif: number, oif: number): Route | null {
  if (!hasRules(s, ns)) {
    if (oif !== 0) return lookupDefault(s, ns, dst, oif);
    const known = s.fib.recent.get(ns, dst);
    if (known !== undefined) return known;
    const found = lookupDefault(s, ns, dst, 0);
    s.fib.recent.keep(ns, dst, found);
    return found;
  }
  for (const rule of rulesOf(s, ns, s.book.family[dst]!)) {
    if (!matchesRule(s, rule, src, dst, mark, iif, oif)) continue;
    // fib4_rule_action: a rule that says unreachable means the network, as if there were no route.
    if (rule.type === RTN.unreachable) return null;
    if (rule.type !== RTN.unicast) return ruleError(rule.type, rule.family, rule.cause);
    const route = lookupTable(s, ns, rule.table, dst, oif);
    if (route !== null && route.type !== RTN.throw) return route;
  }
  return null;
}

/**
 * fib_check_nh_v4_gw: the route to a gateway, in the table of the route that names it, else by the rules. Only routes of a
 * link or of this host count: a blackhole or throw to the gateway itself is passed over.
 */
export function gatewayRoute(s: Stack, ns: number, via: number, table: number, oif: number): Route | null {
  const own = lookupTable(s, ns, table, via, oif, RT_SCOPE.link);
  if (own !== null) return own;
  for (const rule of rulesOf(s, ns, s.book.family[via]!)) {
    if (!matchesRule(s, rule, 0, via, 0, 0, oif)) continue;
    if (rule.type !== RTN.unicast) return null;
    const route = lookupTable(s, ns, rule.table, via, oif, RT_SCOPE.link);
    if (route !== null) return route;
  }
  return null;
}

/** ip6_route_check_nh: the route to a gateway, in the table of the route that names it if it goes straight there, else by the rules. */
export function gatewayRoute6(s: Stack, ns: number, via: number, table: number, oif: number): Route | null {
  const own = isLocalAddress(s, ns, via) ? null : lookupTable(s, ns, table, via, oif);
  return own !== null && own.hops.length > 0 && own.hops[0]!.via === 0 ? own : fibLookup(s, ns, via, 0, 0, 0, oif);
}

function ruleError(type: number, family: 4 | 6, cause: number): Route {
  return { family, table: 0, type, words: [0, 0, 0, 0], prefix: 0, metric: 0, scope: 0, proto: "", src: 0 as Route["src"], mtu: 0, hops: [], cause };
}

/** The hop of a route that this pair of addresses takes: by weight, the same one always (fib_multipath_hash_policy 0). */
export function chooseHop(s: Stack, route: Route, src: number, dst: number): Nexthop {
  const hops = route.hops;
  if (hops.length === 1) return hops[0]!;
  const w = s.book.words;
  let total = 0;
  for (const hop of hops) if (alive(s, hop)) total += hop.weight;
  if (total === 0) return hops[0]!;
  let draw = ((mix32(w[src * 4]! ^ w[src * 4 + 3]!, w[dst * 4]! ^ w[dst * 4 + 3]!) >>> 1) % total) + 1;
  for (const hop of hops) {
    if (!alive(s, hop)) continue;
    draw -= hop.weight;
    if (draw <= 0) return hop;
  }
  return hops[0]!;
}

function alive(s: Stack, hop: Nexthop): boolean {
  return (s.dev.c.flags[hop.dev]! & DEVF.up) !== 0;
}

/** Whether `addr` is one of the namespace's own (a local route leads to it). */
export function isLocalAddress(s: Stack, ns: number, addr: number): boolean {
  const route = lookupLocal(s, ns, addr);
  return route !== null && route.type === RTN.local;
}

/** Type of the route to an address as `-m addrtype` asks for it (inet_addr_type): RTN.*. */
export function addressType(s: Stack, ns: number, addr: number): number {
  const w = s.book.words[addr * 4]!;
  if (s.book.family[addr] === 4) {
    if (w === -1 || w === 0) return RTN.broadcast;
    if (w >>> 28 === 14) return RTN.multicast;
  } else if (w >>> 24 === 255) return RTN.multicast;
  const route = lookupLocal(s, ns, addr);
  return route === null ? RTN.unicast : route.type;
}
