/**
 * The portmap plugin with its iptables backend: ports of the node that lead to an attachment (plugins/meta/portmap). A chain for
 * each container under one chain for all, and a mark for what must be translated so that the answer comes back this way.
 *
 * Nothing reserves a port: of two mappings of one port the first wins, and a process on the node is shadowed.
 */
import { routeGet } from "../../../linux/plumbing/route-get.js";
import type { NodeDoor } from "../../node-door.js";
import { portChain } from "../chain-name.js";
import { pluginError } from "../cni-errors.js";
import type { CniError, CniResult } from "../cni-model.js";
import { commentWords, dropChain, ensureChain, ensureRules, hasRule, type RuleTable } from "../ensure-rules.js";
import { compareText } from "../../../base/names.js";
import { runActs } from "../sandbox-veth.js";
import { attachmentOf, type Plugin, type PluginCall, type PluginConf } from "./plugin.js";

/** One of `runtimeConfig.portMappings`. */
export interface PortMapping {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: string;
  readonly hostIP?: string;
}

const TOP = "CNI-HOSTPORT-DNAT";
const SET_MARK = "CNI-HOSTPORT-SETMARK";
const MASQ = "CNI-HOSTPORT-MASQ";
const MARK_BIT = 13;
/** multiport takes no more. */
const PORTS_OF_RULE = 15;
const NAT = 2;

interface Settings {
  readonly mappings: readonly PortMapping[];
  readonly snat: boolean;
  readonly bit: number;
  readonly externalChain: string | null;
  readonly masqAll: boolean;
  readonly conditions: { readonly 4: string; readonly 6: string };
}

const words = (value: unknown): string => (Array.isArray(value) ? value.map(String).join(" ") : "");

function settingsOf(conf: PluginConf): Settings {
  const external = conf["externalSetMarkChain"];
  return {
    mappings: (conf.runtimeConfig?.["portMappings"] as readonly PortMapping[] | undefined) ?? [],
    snat: conf["snat"] !== false,
    bit: typeof conf["markMasqBit"] === "number" ? conf["markMasqBit"] : MARK_BIT,
    externalChain: typeof external === "string" ? external : null,
    masqAll: conf["masqAll"] === true,
    conditions: { 4: words(conf["conditionsV4"]), 6: words(conf["conditionsV6"]) },
  };
}

/** parseConfig. */
function fault(conf: PluginConf): CniError | null {
  const refuse = (why: string): CniError => pluginError(`failed to parse config: ${why}`);
  if (conf["externalSetMarkChain"] !== undefined && conf["markMasqBit"] !== undefined) return refuse("Cannot specify externalSetMarkChain and markMasqBit");
  const { bit, mappings } = settingsOf(conf);
  if (bit < 0 || bit > 31) return refuse("MasqMarkBit must be between 0 and 31");
  const wrong = mappings.find(({ hostPort }) => hostPort <= 0);
  return wrong === undefined ? null : refuse(`Invalid host port number: ${wrong.hostPort}`);
}

/** The first address of a family that belongs to an interface of the sandbox. */
function addressOf({ ips, interfaces }: CniResult, family: 4 | 6): string | null {
  const own = ips.find(({ address, interface: at }) => address.includes(":") === (family === 6) && (at === undefined || interfaces[at]?.sandbox !== undefined));
  return own?.address ?? null;
}

const placeOf = (family: 4 | 6, cause: number): RuleTable => ({ family, table: "nat", cause });

/** Whether a mapping is for this family; no address and the unspecified one are for both. */
const isFor = ({ hostIP = "" }: PortMapping, family: 4 | 6): boolean => hostIP === "" || hostIP === "::" || hostIP === "0.0.0.0" || hostIP.includes(":") === (family === 6);

/** fillDnatRules: the container's own chain. */
function dnatRules({ mappings, snat, externalChain, masqAll }: Settings, family: 4 | 6, address: string): string[] {
  const plain = address.split("/")[0]!;
  const setMark = externalChain ?? SET_MARK;
  return mappings.filter((mapping) => isFor(mapping, family)).flatMap(({ protocol, hostPort, containerPort, hostIP = "" }) => {
    const named = hostIP !== "" && hostIP !== "0.0.0.0" && hostIP !== "::";
    const base = `-p ${protocol} --dport ${hostPort}${named ? ` -d ${hostIP}` : ""}`;
    const everyone = family === 6 ? "::/0" : "0.0.0.0/0";
    const marked = !snat ? [] : masqAll ? [`${base} -s ${everyone} -j ${setMark}`] : [`${base} -s ${address} -j ${setMark}`, ...(family === 4 ? [`${base} -s 127.0.0.1 -j ${setMark}`] : [])];
    return [...marked, `${base} -j DNAT --to-destination ${family === 6 ? `[${plain}]` : plain}:${containerPort}`];
  });
}

/** The jumps to it, fifteen ports each, protocols in the order of their words. */
function jumps(call: PluginCall, { mappings, conditions }: Settings, family: 4 | 6, chain: string): string[] {
  const comment = commentWords(`dnat name: "${call.network}" id: "${call.containerId}"`);
  const protocols = [...new Set(mappings.map(({ protocol }) => protocol))].sort(compareText);
  return protocols.flatMap((protocol) => {
    const ports = mappings.filter((mapping) => mapping.protocol === protocol).map(({ hostPort }) => hostPort);
    const groups = Array.from({ length: Math.ceil(ports.length / PORTS_OF_RULE) }, (_, i) => ports.slice(i * PORTS_OF_RULE, (i + 1) * PORTS_OF_RULE));
    return groups.map((group) => [comment, `-m multiport -p ${protocol} --destination-ports ${group.join(",")}`, conditions[family], `-j ${chain}`].filter((text) => text !== "").join(" "));
  });
}

/** forwardPorts for one family, in the plugin's order. */
function forward(call: PluginCall, settings: Settings, family: 4 | 6, address: string): CniError | null {
  const { door } = call;
  const place = placeOf(family, door.cause(`Pod ${attachmentOf(call).pod}`, ""));
  const chain = portChain(call.network, call.containerId);
  const local = "-m addrtype --dst-type LOCAL";
  return (
    (settings.snat ? masquerading(door, place, settings, address) : null) ??
    ensureChain(door, place, TOP) ??
    ensureRules(door, place, "PREROUTING", [`${local} -j ${TOP}`]) ??
    ensureRules(door, place, "OUTPUT", [`${local} -j ${TOP}`]) ??
    ensureChain(door, place, chain) ??
    ensureRules(door, place, chain, dnatRules(settings, family, address)) ??
    ensureRules(door, place, TOP, jumps(call, settings, family, chain))
  );
}

function masquerading(door: NodeDoor, place: RuleTable, { bit, externalChain }: Settings, address: string): CniError | null {
  const mark = `0x${(2 ** bit).toString(16)}`;
  const own = (): CniError | null =>
    ensureChain(door, place, SET_MARK) ??
    ensureRules(door, place, SET_MARK, [`${commentWords("CNI portfwd masquerade mark")} -j MARK --set-xmark ${mark}/${mark}`]) ??
    ensureChain(door, place, MASQ) ??
    ensureRules(door, place, MASQ, [`-m mark --mark ${mark}/${mark} -j MASQUERADE`]) ??
    ensureRules(door, place, "POSTROUTING", [`${commentWords("CNI portfwd requiring masquerade")} -j ${MASQ}`], true);
  const refused = externalChain === null ? own() : null;
  if (refused !== null || place.family === 6) return refused;
  // 127.0.0.1 may be led to the container, over the device that it is behind.
  const dev = routeGet(door.stack, door.ns, address.split("/")[0]!)?.[0]?.dev;
  return dev === undefined ? null : runActs(door, [{ verb: "sysctl", ns: door.ns, key: `net.ipv4.conf.${dev}.route_localnet`, value: "1" }]);
}

/** A flow of UDP that is there already would go on to where it went. */
function forgetFlows({ door }: PluginCall, { mappings }: Settings, family: 4 | 6): void {
  for (const { protocol, hostPort } of mappings) {
    if (protocol === "udp") door.plumb({ verb: "conntrack-delete", ns: door.ns, filter: { family, proto: "udp", dport: hostPort } });
  }
}

function add(call: PluginCall): CniResult | CniError {
  const { prevResult } = call.conf;
  if (prevResult === undefined) return pluginError("must be called as chained plugin");
  const settings = settingsOf(call.conf);
  if (settings.mappings.length === 0) return prevResult;
  for (const family of [4, 6] as const) {
    const address = addressOf(prevResult, family);
    if (address === null) continue;
    const refused = forward(call, settings, family, address);
    if (refused !== null) return pluginError(`unable to setup DNAT: ${refused.msg}`);
    forgetFlows(call, settings, family);
  }
  return prevResult;
}

function check(call: PluginCall): CniError | null {
  const { prevResult } = call.conf;
  if (prevResult === undefined) return pluginError("Required prevResult missing");
  const settings = settingsOf(call.conf);
  const chain = portChain(call.network, call.containerId);
  for (const family of [4, 6] as const) {
    const address = settings.mappings.length === 0 ? null : addressOf(prevResult, family);
    if (address === null) continue;
    const missing = dnatRules(settings, family, address).find((spec) => !hasRule(call.door, { family, table: "nat" }, chain, spec));
    if (missing !== undefined) return pluginError(`could not check ipv${family} dnat: rule [${missing}] in chain ${chain} not found in table nat`);
  }
  return null;
}

/** unforwardPorts: the container's chain and what leads to it; the chains for all stay. */
function del(call: PluginCall): CniError | null {
  const { door } = call;
  if (settingsOf(call.conf).mappings.length === 0) return null;
  const chain = portChain(call.network, call.containerId);
  for (const family of [4, 6] as const) {
    const top = [...(door.stack.nf.get(door.ns, family, NAT)?.chains.values() ?? [])].find(({ name }) => name === TOP);
    const leading = (top?.rules ?? []).filter(({ text }) => text.endsWith(` -j ${chain}`));
    dropChain(door, { family, table: "nat" }, chain, leading.map(({ text }) => ({ chain: TOP, spec: text })));
  }
  return null;
}

export const portmap: Plugin = { chained: true, fault, add, check, del, status: () => null };
