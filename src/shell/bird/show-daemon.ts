/** `birdc show status` and `show interfaces`. */
import { formatWords, lastAddress, masked, parseAddress, parseCidr } from "../../base/cidr.js";
import type { LinkAddress, LinkRecord } from "../../linux/plumbing/dump.js";
import type { Daemon } from "../../models/bgp/daemon/daemon.js";
import { clockText, dayText } from "./clock.js";

const at = (ns: number): string => `${dayText(ns)} ${clockText(ns)}`;

/** What `show status` prints. */
export function showStatus(d: Daemon): string[] {
  return [
    "BIRD 2.0.12",
    `Router ID is ${d.routerId}`,
    `Hostname is ${d.config.hostname || d.name}`,
    `Current server time is ${at(d.now)}`,
    `Last reboot on ${at(d.started)}`,
    `Last reconfiguration on ${at(d.configured)}`,
    "Daemon is up and running",
  ];
}

/** Private IPv4 addresses are of the site, as the daemon sees it. */
function scopeWord({ address, scope }: LinkAddress): string {
  if (scope === "link") return "link";
  if (scope === "host") return "host";
  if (address.includes(":")) return /^f[cd]/.test(address) ? "site" : "univ";
  const w = parseAddress(address)!.words[0] >>> 0;
  return w >>> 24 === 10 || w >>> 20 === 0xac1 || w >>> 16 === 0xc0a8 ? "site" : "univ";
}

function addressLine(own: LinkAddress, mark: string): string {
  const bits = own.address.includes(":") ? 128 : 32;
  const text = own.prefix === bits ? own.address : `${own.address}/${own.prefix}`;
  if (own.prefix !== 31 || bits !== 32) return `\t${text} (${mark}scope ${scopeWord(own)})`;
  const cidr = parseCidr(`${own.address}/31`)!;
  const [low, high] = [formatWords(4, masked(cidr).words), formatWords(4, lastAddress(cidr))];
  return `\t${own.address}/31 (${mark}opposite ${own.address === low ? high : low}, scope ${scopeWord(own)})`;
}

function linkLines(link: LinkRecord): string[] {
  const flags = [link.up ? "AdminUp" : "AdminDown", link.running ? "LinkUp" : "LinkDown", ...(link.loopback ? ["Loopback", "Ignored"] : [])];
  const kind = link.loopback ? "MultiAccess" : "MultiAccess Broadcast Multicast";
  const lines = [`${link.name} ${link.up ? "up" : "down"} (index=${link.index})`, `\t${kind} ${flags.join(" ")} MTU=${link.mtu}`];
  const preferred = [link.addresses.find((a) => !a.address.includes(":")), link.addresses.find((a) => a.address.includes(":") && a.scope === "global"), link.addresses.find((a) => a.address.includes(":") && a.scope === "link")];
  // A scan reads one family after the other.
  const addresses = [...link.addresses.filter((a) => !a.address.includes(":")), ...link.addresses.filter((a) => a.address.includes(":"))];
  for (const own of addresses) lines.push(addressLine(own, preferred.includes(own) ? "Preferred, " : own.secondary ? "Secondary, " : ""));
  return lines;
}

/** What `show interfaces` prints. */
export function showInterfaces(d: Daemon): string[] {
  return d.links.flatMap(linkLines);
}
