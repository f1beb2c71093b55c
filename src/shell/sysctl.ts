/** `sysctl` of procps 4.0.2. */
import { getSysctl } from "../linux/plumbing/sysctl.js";
import { failed, NotModelled, type Output } from "./output.js";
import { act, type Place } from "./place.js";

/** Keys that stand for something the simulation does, with the kernel's value where nobody has set one. */
const DEFAULTS: readonly (readonly [RegExp, string])[] = [
  [/^net\.ipv[46]\.conf\.[^.]+\.(rp_filter|arp_ignore|proxy_arp|route_localnet|accept_local|disable_ipv6|arp_accept|promote_secondaries|forwarding|arp_announce)$/, "0"],
  [/^net\.ipv4\.conf\.[^.]+\.(send_redirects|accept_redirects|arp_evict_nocarrier)$/, "1"],
  [/^net\.ipv6\.conf\.[^.]+\.(accept_dad|accept_ra|autoconf)$/, "1"],
  [/^net\.ipv6\.conf\.[^.]+\.router_solicitations$/, "-1"],
  [/^net\.ipv6\.icmp\.ratelimit$/, "1000"],
  [/^net\.ipv4\.neigh\.[^.]+\.proxy_delay$/, "80"],
  [/^net\.ipv4\.ip_local_port_range$/, "32768\t60999"],
  [/^net\.ipv4\.tcp_syn_retries$/, "6"],
  [/^net\.ipv4\.tcp_syn_linear_timeouts$/, "4"],
  [/^net\.ipv4\.tcp_synack_retries$/, "5"],
  [/^net\.ipv4\.vs\.lblcr?_expiration$/, "86400"],
  [/^net\.ipv4\.vs\.(conntrack|expire_nodest_conn|expire_quiescent_template)$/, "0"],
  [/^net\.ipv4\.vs\.(conn_reuse_mode|snat_reroute)$/, "1"],
  [/^net\.ipv4\.ip_nonlocal_bind$/, "0"],
  [/^net\.ipv4\.fib_multipath_hash_policy$/, "0"],
  [/^net\.netfilter\.nf_conntrack_max$/, "262144"],
  [/^net\.netfilter\.nf_conntrack_tcp_(loose)$/, "1"],
  [/^net\.netfilter\.nf_conntrack_tcp_(be_liberal)$/, "0"],
  [/^net\.netfilter\.nf_conntrack_udp_timeout$/, "30"],
  [/^net\.netfilter\.nf_conntrack_udp_timeout_stream$/, "120"],
  [/^net\.netfilter\.nf_conntrack_tcp_timeout_established$/, "432000"],
  [/^net\.bridge\.bridge-nf-(filter-vlan-tagged|pass-vlan-input-dev|filter-pppoe-tagged)$/, "0"],
  [/^net\.bridge\.bridge-nf-call-arptables$/, "1"],
];

/** Keys without a device in them, for `-a`; values are those of the namespace, or the kernel's. */
const GLOBAL: readonly string[] = [
  "net.bridge.bridge-nf-call-arptables", "net.bridge.bridge-nf-call-ip6tables", "net.bridge.bridge-nf-call-iptables", "net.bridge.bridge-nf-filter-pppoe-tagged", "net.bridge.bridge-nf-filter-vlan-tagged", "net.bridge.bridge-nf-pass-vlan-input-dev",
  "net.ipv4.fib_multipath_hash_policy", "net.ipv4.icmp_ratelimit", "net.ipv4.icmp_ratemask", "net.ipv4.ip_forward", "net.ipv4.ip_local_port_range", "net.ipv4.ip_nonlocal_bind", "net.ipv4.tcp_syn_linear_timeouts", "net.ipv4.tcp_syn_retries", "net.ipv4.tcp_synack_retries", "net.ipv6.icmp.ratelimit",
  "net.netfilter.nf_conntrack_max", "net.netfilter.nf_conntrack_tcp_be_liberal", "net.netfilter.nf_conntrack_tcp_loose", "net.netfilter.nf_conntrack_tcp_timeout_established", "net.netfilter.nf_conntrack_udp_timeout", "net.netfilter.nf_conntrack_udp_timeout_stream",
];
const CONF4: readonly string[] = ["accept_local", "accept_redirects", "arp_accept", "arp_announce", "arp_evict_nocarrier", "arp_ignore", "forwarding", "promote_secondaries", "proxy_arp", "route_localnet", "rp_filter", "send_redirects"];
const CONF6: readonly string[] = ["accept_dad", "accept_ra", "autoconf", "disable_ipv6", "forwarding", "router_solicitations"];

/** Every key that stands for something the simulation does, as the folders under /proc/sys list them. */
function allKeys({ s, ns }: Place): string[] {
  const devices = ["all", "default", ...[...s.nsInfo.get(ns)!.devices.keys()].map((name) => name.replaceAll(".", "/"))];
  const conf = devices.flatMap((dev) => [...CONF4.map((word) => `net.ipv4.conf.${dev}.${word}`), ...CONF6.map((word) => `net.ipv6.conf.${dev}.${word}`)]);
  return [...GLOBAL, ...conf].sort((a, b) => (a < b ? -1 : 1));
}

function listAll(place: Place, pattern: string, namesOnly: boolean, valuesOnly: boolean): Output {
  let test: RegExp;
  try {
    test = new RegExp(pattern);
  } catch {
    return failed(1, `sysctl: invalid pattern: ${pattern}`);
  }
  const lines = allKeys(place).filter((key) => test.test(key)).flatMap((key) => {
    const done = get(place, key);
    return done.code !== 0 ? [] : [namesOnly ? key : valuesOnly ? done.text.slice(done.text.indexOf(" = ") + 3) : done.text];
  });
  return { text: lines.join("\n"), code: 0 };
}

export function sysctl(place: Place, words: readonly string[]): Output {
  let write = false;
  let all = false;
  let namesOnly = false;
  let pattern = "";
  let quiet = false;
  let valuesOnly = false;
  let ignore = false;
  const keys: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "-V" || word === "--version") return { text: "sysctl from procps-ng 4.0.2", code: 0 };
    if (word === "-r" || word === "--pattern") pattern = words[++i] ?? "";
    else if (word.startsWith("--pattern=")) pattern = word.slice(10);
    else if (/^-[wqneaAXN]+$/.test(word)) {
      all ||= /[aAX]/.test(word);
      namesOnly ||= word.includes("N");
      write ||= word.includes("w");
      quiet ||= word.includes("q");
      valuesOnly ||= word.includes("n");
      ignore ||= word.includes("e");
    } else if (word === "--write") write = true;
    else if (word === "--quiet") quiet = true;
    else if (word === "--values") valuesOnly = true;
    else if (word === "--all") all = true;
    else if (word === "--names") namesOnly = true;
    else if (word === "--ignore") ignore = true;
    else if (word.startsWith("-")) throw new NotModelled(`sysctl ${word}`);
    else keys.push(word);
  }
  if (all) return listAll(place, pattern, namesOnly, valuesOnly);
  if (keys.length === 0) return failed(1, "\nUsage:\n sysctl [options] [variable[=value] ...]");
  const lines: string[] = [];
  let code = 0;
  for (const key of keys) {
    const done = write || key.includes("=") ? set(place, key) : get(place, key);
    if (done.code !== 0) {
      code = done.code;
      if (!ignore) lines.push(done.text);
    } else if (key.includes("=") ? !quiet : true) lines.push(namesOnly ? done.text.slice(0, done.text.indexOf(" = ")) : valuesOnly ? done.text.slice(done.text.indexOf(" = ") + 3) : done.text);
  }
  return { text: lines.join("\n"), code: ignore ? 0 : code };
}

const missing = (key: string): Output => failed(1, `sysctl: cannot stat /proc/sys/${key.replaceAll(".", "/")}: No such file or directory`);

/** The key as it is printed: with dots. */
function dotted(key: string): string {
  const slash = key.indexOf("/");
  const dot = key.indexOf(".");
  return slash >= 0 && (dot < 0 || slash < dot) ? key.replaceAll("/", ".") : key;
}

function get({ s, ns }: Place, asked: string): Output {
  const key = dotted(asked);
  const dev = /^net\.ipv[46]\.conf\.(.+)\.\w+$/.exec(key)?.[1]?.replaceAll("/", ".");
  if (dev !== undefined && dev !== "all" && dev !== "default" && !s.nsInfo.get(ns)!.devices.has(dev)) return missing(key);
  const value = getSysctl(s, ns, key) ?? DEFAULTS.find(([pattern]) => pattern.test(key))?.[1];
  if (value === undefined) return missing(key);
  return { text: `${key} = ${value}`, code: 0 };
}

function set(place: Place, assignment: string): Output {
  const at = assignment.indexOf("=");
  if (at < 0) return failed(1, "sysctl: command line(0): invalid syntax, continuing...");
  const key = assignment.slice(0, at).trim();
  const value = assignment.slice(at + 1).trim();
  if (get(place, key).code !== 0) return missing(key);
  const done = act(place, { verb: "sysctl", ns: place.ns, key, value });
  return done.code !== 0 ? { ...done, code: 1 } : { text: `${key} = ${value}`, code: 0 };
}
