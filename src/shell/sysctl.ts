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

export function sysctl(place: Place, words: readonly string[]): Output {
  let write = false;
  let quiet = false;
  let valuesOnly = false;
  let ignore = false;
  const keys: string[] = [];
  for (const word of words) {
    if (/^-[wqne]+$/.test(word)) {
      write ||= word.includes("w");
      quiet ||= word.includes("q");
      valuesOnly ||= word.includes("n");
      ignore ||= word.includes("e");
    } else if (word === "--write") write = true;
    else if (word === "--quiet") quiet = true;
    else if (word === "--values") valuesOnly = true;
    else if (word.startsWith("-")) throw new NotModelled(`sysctl ${word}`);
    else keys.push(word);
  }
  const lines: string[] = [];
  let code = 0;
  for (const key of keys) {
    const done = write || key.includes("=") ? set(place, key) : get(place, key);
    if (done.code !== 0) {
      code = done.code;
      if (!ignore) lines.push(done.text);
    } else if (key.includes("=") ? !quiet : true) lines.push(valuesOnly ? done.text.slice(done.text.indexOf(" = ") + 3) : done.text);
  }
  return { text: lines.join("\n"), code: ignore ? 0 : code };
}

const missing = (key: string): Output => failed(1, `sysctl: cannot stat /proc/sys/${key.replaceAll(".", "/")}: No such file or directory`);

function get({ s, ns }: Place, key: string): Output {
  const value = getSysctl(s, ns, key) ?? DEFAULTS.find(([pattern]) => pattern.test(key))?.[1];
  if (value === undefined) return missing(key);
  return { text: `${key} = ${value}`, code: 0 };
}

function set(place: Place, assignment: string): Output {
  const at = assignment.indexOf("=");
  if (at < 0) return failed(1, `sysctl: "${assignment}" must be of the form name=value`);
  const key = assignment.slice(0, at).trim();
  const value = assignment.slice(at + 1).trim();
  if (get(place, key).code !== 0) return missing(key);
  const done = act(place, { verb: "sysctl", ns: place.ns, key, value });
  return done.code !== 0 ? { ...done, code: 1 } : { text: `${key} = ${value}`, code: 0 };
}
