/** The option `dns`: none, CoreDNS alone, or NodeLocal DNSCache beside it; and what kubelets are told as clusterDNS. */
import { parseCidr } from "../base/cidr.js";

/** What may be said of the cluster's DNS. */
export interface DnsOptions {
  /** NodeLocal DNSCache: a cache on every node (false) */
  readonly nodeLocal?: boolean;
  /** address of the caches, "169.254.20.10"; with Services of IPv6 there is no default */
  readonly localIp?: string;
  /** the kubelets' clusterDNS: the address of Service kube-dns, or the caches' own where they cannot take that one's place */
  readonly clusterDNS?: string;
}

/** The cluster's DNS with every blank filled. */
export interface DnsPlan {
  /** the caches: their address, and whether they take that of Service kube-dns as well */
  readonly nodeLocal: { readonly localIp: string; readonly bindsService: boolean } | null;
  /** name servers of pods, none without a cluster DNS */
  readonly clusterDns: readonly string[];
}

const LOCAL_IP = "169.254.20.10";
const KEYS: readonly string[] = ["localIp", "clusterDNS"];

/** "node-local:clusterDNS=169.254.20.10" of a command line, or what is wrong with it. */
export function readDnsWords(text: string): boolean | DnsOptions | string {
  const [name = "", rest = ""] = text.split(/:(.*)/s);
  if (name === "none" || name === "coredns") return rest === "" ? name === "coredns" : `Invalid value: "${text}": ${name} takes no options`;
  if (name !== "node-local") return `Unsupported value: "${name}": supported values: "none", "coredns", "node-local"`;
  const found: Record<string, string> = {};
  for (const pair of rest === "" ? [] : rest.split(",")) {
    const [key = "", value = ""] = pair.split(/=(.*)/s);
    if (!KEYS.includes(key) || value === "") return `Invalid value: "${pair}": must be localIp=ADDRESS or clusterDNS=ADDRESS`;
    found[key] = value;
  }
  return { nodeLocal: true, ...found };
}

/** The plan, or the field that is wrong and why; `dnsIp` is the address of Service kube-dns. */
export function planDns(option: boolean | DnsOptions | undefined, dnsIp: string | null, proxy: "iptables" | "nftables" | "ipvs"): DnsPlan | { readonly path: string; readonly message: string } {
  if (option === false || dnsIp === null) return { nodeLocal: null, clusterDns: [] };
  const { nodeLocal = false, clusterDNS, localIp = dnsIp.includes(":") ? "" : LOCAL_IP } = option === undefined || option === true ? {} : option;
  const bad = (text: string): boolean => parseCidr(`${text}/${text.includes(":") ? 128 : 32}`) === null;
  if (clusterDNS !== undefined && bad(clusterDNS)) return { path: "dns.clusterDNS", message: `Invalid value: "${clusterDNS}": must be a valid IP address` };
  if (!nodeLocal) return { nodeLocal: null, clusterDns: [clusterDNS ?? dnsIp] };
  if (localIp === "") return { path: "dns.localIp", message: "Required value: an address of IPv6 for the caches" };
  if (bad(localIp) || localIp.includes(":") !== dnsIp.includes(":")) return { path: "dns.localIp", message: `Invalid value: "${localIp}": must be an IP address of the family of the cluster's DNS` };
  const bindsService = proxy === "iptables";
  return { nodeLocal: Object.freeze({ localIp, bindsService }), clusterDns: [clusterDNS ?? (bindsService ? dnsIp : localIp)] };
}
