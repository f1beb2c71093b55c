/** The tuning plugin: settings of the sandbox, and of its interface, put back when it goes (plugins/meta/tuning). */
import { formatMac, parseMac } from "../../../base/mac.js";
import type { LinkSet } from "../../../linux/plumbing/act.js";
import { getSysctl } from "../../../linux/plumbing/sysctl.js";
import { pluginError } from "../cni-errors.js";
import type { CniError, CniResult } from "../cni-model.js";
import { runActs } from "../sandbox-veth.js";
import { attachmentOf, type Plugin, type PluginCall, type PluginConf } from "./plugin.js";

const PROMISC = 32;

/** What the interface was like before, for DEL. */
type Backup = Pick<LinkSet, "mac" | "mtu" | "promisc">;

const backupKey = ({ containerId, ifname }: PluginCall): string => `tuning/${containerId}_${ifname}`;

/** CNI_ARGS `MAC=`, then `args.cni.mac`, then `runtimeConfig.mac`: the later has its way. */
function macWord({ conf, args }: PluginCall): string | undefined {
  const said = [conf["mac"], args["MAC"], conf.args?.cni?.["mac"], conf.runtimeConfig?.["mac"]].filter((one): one is string => typeof one === "string" && one !== "");
  return said[said.length - 1];
}

function sysctlsOf({ conf, ifname }: PluginCall): [string, string][] {
  const given = conf["sysctl"];
  return typeof given === "object" && given !== null ? Object.entries(given).map(([key, value]) => [key.replace("IFNAME", ifname), String(value)]) : [];
}

const path = (key: string): string => `/proc/sys/${key.replaceAll(".", "/")}`;

function fault(conf: PluginConf): CniError | null {
  const beyond = ["allmulti", "txQLen"].find((key) => conf[key] !== undefined && conf[key] !== false);
  return beyond === undefined ? null : pluginError(`not modelled: tuning ${beyond}`);
}

/** What is to become of the interface; nothing where nothing is said. */
function wanted(call: PluginCall): Backup | CniError {
  const { conf } = call;
  const mac = macWord(call);
  if (mac !== undefined && parseMac(mac) === null) return pluginError(`invalid args ${mac} for MAC addr: address ${mac}: invalid MAC address`);
  return {
    ...(mac === undefined ? {} : { mac }),
    ...(conf["promisc"] === true ? { promisc: true } : {}),
    ...(typeof conf["mtu"] === "number" && conf["mtu"] !== 0 ? { mtu: conf["mtu"] } : {}),
  };
}

function interfaceNow({ door, netns, ifname }: PluginCall): Required<Backup> | CniError {
  const dev = door.stack.nsInfo.get(netns)?.devices.get(ifname);
  if (dev === undefined) return pluginError(`failed to get "${ifname}": Link not found`);
  const { mac, mtu, flags } = door.stack.dev.c;
  return { mac: formatMac(mac[dev]!), mtu: mtu[dev]!, promisc: (flags[dev]! & PROMISC) !== 0 };
}

function add(call: PluginCall): CniResult | CniError {
  const { door, netns, ifname, conf } = call;
  if (conf.prevResult === undefined) return pluginError("Required prevResult missing");
  const to = wanted(call);
  if ("code" in to) return to;
  for (const [key, value] of sysctlsOf(call)) {
    if (!path(key).startsWith("/proc/sys/net/")) return pluginError(`invalid net sysctl key: "${key}"`);
    if (door.plumb({ verb: "sysctl", ns: netns, key, value }) !== null) return pluginError(`open ${path(key)}: no such file or directory`);
  }
  if (Object.keys(to).length === 0) return conf.prevResult;
  const before = interfaceNow(call);
  if ("code" in before) return before;
  const refused = runActs(door, [{ verb: "link-set", ns: netns, name: ifname, ...to, cause: door.cause(`Pod ${attachmentOf(call).pod}`, "") }]);
  if (refused !== null) return refused;
  door.memory.set(backupKey(call), Object.freeze(Object.fromEntries(Object.entries(before).filter(([key]) => key in to))));
  if (to.mac === undefined) return conf.prevResult;
  const { mac } = to;
  return { ...conf.prevResult, interfaces: conf.prevResult.interfaces.map((one) => (one.name === ifname && one.sandbox !== undefined ? { ...one, mac } : one)) };
}

function check(call: PluginCall): CniError | null {
  const { door, netns, ifname, conf } = call;
  if (conf.prevResult === undefined) return pluginError("Required prevResult missing");
  for (const [key, value] of sysctlsOf(call)) {
    const now = getSysctl(door.stack, netns, key) ?? "";
    if (now !== value) return pluginError(`Error: Tuning configured value of ${path(key)} is ${value}, current value is ${now}`);
  }
  const to = wanted(call);
  if ("code" in to) return to;
  if (Object.keys(to).length === 0) return null;
  const now = interfaceNow(call);
  if ("code" in now) return now;
  if (to.mac !== undefined && to.mac !== now.mac) return pluginError(`Error: Tuning configured Ethernet of ${ifname} is ${to.mac}, current value is ${now.mac}`);
  if (to.promisc !== undefined && !now.promisc) return pluginError(`Error: Tuning link ${ifname} configured promisc is true, current value is 0`);
  return to.mtu !== undefined && to.mtu !== now.mtu ? pluginError(`Error: Tuning configured MTU of ${ifname} is ${to.mtu}, current value is ${now.mtu}`) : null;
}

function del(call: PluginCall): CniError | null {
  const before = call.door.memory.get(backupKey(call)) as Backup | undefined;
  call.door.memory.delete(backupKey(call));
  if (before === undefined || call.netns === 0 || "code" in interfaceNow(call)) return null;
  return runActs(call.door, [{ verb: "link-set", ns: call.netns, name: call.ifname, ...before }]);
}

export const tuning: Plugin = { chained: true, fault, add, check, del, status: () => null };
