/** resolv.conf: what the kubelet writes for a pod, and how it reads (kubelet pkg/kubelet/network/dns). */

export interface ResolvConf {
  readonly nameservers: readonly string[];
  readonly search: readonly string[];
  /** name to value, "" for those without one */
  readonly options: Readonly<Record<string, string>>;
}

/** dnsConfig of a pod. */
export interface PodDnsConfig {
  readonly nameservers?: readonly string[];
  readonly searches?: readonly string[];
  readonly options?: readonly { readonly name?: string; readonly value?: string }[];
}

/** What the kubelet is told: clusterDNS, clusterDomain, and the node's own file. */
export interface KubeletDns {
  readonly clusterDns: readonly string[];
  readonly clusterDomain: string;
  readonly node: ResolvConf;
}

const MOST_NAMESERVERS = 3;
const MOST_SEARCHES = 32;
const LONGEST_SEARCH_LINE = 2048;
const LONGEST_SEARCH = 253;

const unique = (list: readonly string[]): string[] => [...new Set(list)];

/** The pod's resolv.conf by its dnsPolicy; limits are applied as the kubelet does, by leaving out what is too much. */
export function podResolvConf(kubelet: KubeletDns, pod: { readonly namespace: string; readonly hostNetwork?: boolean; readonly dnsPolicy?: string; readonly dnsConfig?: PodDnsConfig }): ResolvConf {
  const policy = pod.dnsPolicy ?? "ClusterFirst";
  const cluster = policy === "ClusterFirstWithHostNet" || (policy === "ClusterFirst" && pod.hostNetwork !== true);
  const { clusterDomain: zone } = kubelet;
  const base: ResolvConf =
    policy === "None"
      ? { nameservers: [], search: [], options: {} }
      : cluster && kubelet.clusterDns.length > 0
        ? { nameservers: kubelet.clusterDns, search: unique([`${pod.namespace}.svc.${zone}`, `svc.${zone}`, zone, ...kubelet.node.search]), options: { ndots: "5" } }
        : kubelet.node;
  const own = pod.dnsConfig;
  const options = { ...base.options };
  for (const option of own?.options ?? []) if (option.name !== undefined) options[option.name] = option.value ?? "";
  return {
    nameservers: unique([...base.nameservers, ...(own?.nameservers ?? [])]).slice(0, MOST_NAMESERVERS),
    search: fitSearch(unique([...base.search, ...(own?.searches ?? [])])),
    options,
  };
}

/** As many domains as one line may hold; those that are no name by their length are left out. */
function fitSearch(domains: readonly string[]): string[] {
  const fit = domains.filter((domain) => domain.length <= LONGEST_SEARCH).slice(0, MOST_SEARCHES);
  while (fit.join(" ").length > LONGEST_SEARCH_LINE) fit.pop();
  return fit;
}

/** The file's text, in the order in which the kubelet writes it. */
export function formatResolvConf(conf: ResolvConf): string {
  const lines: string[] = [];
  if (conf.search.length > 0) lines.push(`search ${conf.search.join(" ")}`);
  for (const server of conf.nameservers) lines.push(`nameserver ${server}`);
  const options = Object.entries(conf.options).map(([name, value]) => (value === "" ? name : `${name}:${value}`));
  if (options.length > 0) lines.push(`options ${options.join(" ")}`);
  return `${lines.join("\n")}\n`;
}
