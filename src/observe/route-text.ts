/** A route as `ip route` prints it. */
import { formatCidr } from "../base/cidr.js";
import { RT_SCOPE, RT_TABLE, RTN, type Route } from "../linux/fib-table.js";
import type { Stack } from "../linux/stack.js";

const TYPE_WORDS: Readonly<Record<number, string>> = Object.freeze(Object.fromEntries(Object.entries(RTN).map(([word, number]) => [number, word])));
const SCOPE_WORDS: Readonly<Record<number, string>> = Object.freeze({ [RT_SCOPE.link]: "link", [RT_SCOPE.host]: "host", [RT_SCOPE.site]: "site" });

/** "10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink". */
export function routeText(s: Stack, route: Route): string {
  const bits = route.family === 4 ? 32 : 128;
  const cidr = formatCidr({ family: route.family, words: route.words, prefix: route.prefix });
  const words: string[] = [];
  if (route.type !== RTN.unicast) words.push(TYPE_WORDS[route.type]!);
  words.push(route.prefix === 0 ? "default" : route.prefix === bits ? cidr.split("/")[0]! : cidr);
  const [hop] = route.hops;
  if (route.hops.length === 1 && hop !== undefined) {
    if (hop.via !== 0) words.push("via", s.book.text(hop.via));
    if (hop.dev !== 0) words.push("dev", s.devInfo.get(hop.dev)?.name ?? `if${hop.dev}`);
  }
  if (route.table !== RT_TABLE.main && route.table !== RT_TABLE.local && route.table !== 0) words.push("table", String(route.table));
  if (route.proto !== "boot" && route.proto !== "") words.push("proto", route.proto);
  if (SCOPE_WORDS[route.scope] !== undefined && route.type !== RTN.local) words.push("scope", SCOPE_WORDS[route.scope]!);
  if (route.src !== 0) words.push("src", s.book.text(route.src));
  if (route.metric !== 0) words.push("metric", String(route.metric));
  if (hop?.onlink === true) words.push("onlink");
  for (const one of route.hops.length > 1 ? route.hops : []) {
    words.push("nexthop", ...(one.via !== 0 ? ["via", s.book.text(one.via)] : []), "dev", s.devInfo.get(one.dev)?.name ?? `if${one.dev}`, "weight", String(one.weight));
  }
  return words.join(" ");
}
