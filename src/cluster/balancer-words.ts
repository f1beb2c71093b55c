/** The words that choose a cluster's load balancer: "metallb:pool=172.18.255.200-172.18.255.250". */
import { contains, formatWords, indexOf, nthAddress, parseAddress, parseCidr } from "../base/cidr.js";

/** What gives Services of type LoadBalancer their addresses. */
export interface BalancerPlan {
  readonly name: string;
  readonly pool: readonly string[];
}

const NAMES: readonly string[] = ["none", "cloud", "cloud-provider-kind", "metallb"];
/** Where nobody names a pool: a cloud's addresses are of the documentation range TEST-NET-2, others lie at the end of the nodes' subnet. */
const CLOUD_POOL = "198.51.100.0/24";
const FIRST_IN_SUBNET = 0xff00;
const MOST_ADDRESSES = 1024;

/** The addresses of "a.b.c.d-e.f.g.h" or of a CIDR without its first and last; null if the text is neither. */
function readPool(text: string): readonly string[] | null {
  const [first = "", last] = text.split("-");
  const cidr = last === undefined ? parseCidr(first, { strict: true }) : parseCidr("0.0.0.0/0");
  if (cidr === null || cidr.family !== 4) return null;
  if (last === undefined) {
    const size = 2 ** (32 - cidr.prefix);
    return Array.from({ length: Math.min(MOST_ADDRESSES, Math.max(1, size - 2)) }, (_, i) => formatWords(4, nthAddress(cidr, size > 2 ? i + 1 : i)!));
  }
  const [from, to] = [parseAddress(first), parseAddress(last)];
  if (from?.family !== 4 || to?.family !== 4) return null;
  const [low, high] = [indexOf(cidr, from.words)!, indexOf(cidr, to.words)!];
  return low > high ? null : Array.from({ length: Math.min(MOST_ADDRESSES, high - low + 1) }, (_, i) => formatWords(4, nthAddress(cidr, low + i)!));
}

/** A plan from its words; a text says what is wrong with them. */
export function readBalancer(text: string, fabricSubnet: string, segments: "one" | "several" = "one"): BalancerPlan | string {
  const [name = "", rest] = text.split(/:(.*)/s);
  if (!NAMES.includes(name)) return `Unsupported value: "${name}": supported values: ${NAMES.map((each) => `"${each}"`).join(", ")}`;
  const [key, value] = (rest ?? "").split("=");
  if (rest !== undefined && (key !== "pool" || value === undefined || name === "none")) return `Invalid value: "${rest}": ${name === "none" ? "none takes no options" : "must be pool=FIRST-LAST or pool=CIDR"}`;
  if (value !== undefined) {
    const pool = readPool(value);
    const subnet = parseCidr(fabricSubnet);
    const inside = (address: string): boolean => subnet !== null && contains(subnet, parseAddress(address)!.words);
    if (pool === null) return `Invalid value: "${value}": must be an IPv4 range FIRST-LAST or a CIDR`;
    if (name === "cloud" ? pool.some(inside) : !pool.every(inside)) return `Invalid value: "${value}": must lie ${name === "cloud" ? "outside" : "in"} the nodes' subnet ${fabricSubnet}`;
    return { name, pool };
  }
  // Nobody answers ARP across segments: there, objects of MetalLB's own say what routers are told.
  if (name === "none" || (name === "metallb" && segments === "several")) return { name, pool: [] };
  if (name === "cloud") return { name, pool: readPool(CLOUD_POOL)! };
  const subnet = parseCidr(fabricSubnet);
  if (subnet === null) return { name, pool: [] };
  const size = 2 ** (32 - subnet.prefix);
  const first = size > FIRST_IN_SUBNET + 250 ? FIRST_IN_SUBNET + 200 : Math.floor(size * 0.75);
  return { name, pool: Array.from({ length: Math.min(51, size - 1 - first) }, (_, i) => formatWords(4, nthAddress(subnet, first + i)!)) };
}
