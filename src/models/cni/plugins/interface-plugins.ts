/** The reference plugins that make interfaces, bridge, ptp and loopback, and host-local, with their configurations read from JSON. */
import { BRIDGE_DEFAULTS, bridgeAdd, type BridgeConfig, bridgeDel } from "../bridge.js";
import { isCniError, pluginError } from "../cni-errors.js";
import type { CniError, CniResult } from "../cni-model.js";
import { hostLocalAdd, hostLocalCheck, hostLocalDel, type IpamCall } from "../host-local.js";
import type { IpamConf, RangeConf } from "../host-local-ranges.js";
import { type PtpConfig, ptpAdd, ptpDel } from "../ptp.js";
import { addressesOf, ipamCall, runActs, type SandboxConfig, sandboxInterface } from "../sandbox-veth.js";
import { macNow, missingAddressOrRoute, sandboxOf } from "./check-interface.js";
import { attachmentOf, type Plugin, type PluginCall, type PluginConf } from "./plugin.js";

const isTrue = (value: unknown): boolean => value === true;

const texts = (value: unknown): readonly string[] => (Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : []);

/** CNI_ARGS `IP=`, `args.cni.ips`, `runtimeConfig.ips`; a length behind an address says nothing to IPAM. */
function wantedAddresses({ args, conf }: PluginCall): readonly string[] {
  const all = [...texts(args["IP"] === undefined ? [] : args["IP"].split(",")), ...texts(conf.args?.cni?.["ips"]), ...texts(conf.runtimeConfig?.["ips"])];
  return all.map((text) => text.split("/")[0]!);
}

function sandboxConfig(call: PluginCall): SandboxConfig {
  const { conf, network } = call;
  const ipam: IpamConf = { type: "", ...conf.ipam };
  return { network, ipam, ipMasq: isTrue(conf["ipMasq"]), wanted: wantedAddresses(call), ranges: (conf.runtimeConfig?.["ipRanges"] as readonly (readonly RangeConf[])[] | undefined) ?? [] };
}

const mtuOf = (conf: PluginConf): number => (typeof conf["mtu"] === "number" ? conf["mtu"] : 0);

function bridgeConfig(call: PluginCall): BridgeConfig {
  const { conf } = call;
  const on = (key: string): boolean => isTrue(conf[key]);
  return {
    ...BRIDGE_DEFAULTS,
    ...sandboxConfig(call),
    ...(typeof conf["bridge"] === "string" ? { bridge: conf["bridge"] } : {}),
    mtu: mtuOf(conf),
    hairpinMode: on("hairpinMode"),
    promiscMode: on("promiscMode"),
    isGateway: on("isGateway") || on("isDefaultGateway"),
    isDefaultGateway: on("isDefaultGateway"),
    forceAddress: on("forceAddress"),
  };
}

const ptpConfig = (call: PluginCall): PtpConfig => ({ ...sandboxConfig(call), mtu: mtuOf(call.conf) });

/** IPAM's CHECK, then that there is a result to compare with. */
function checkedResult(call: PluginCall): CniResult | CniError {
  const config = sandboxConfig(call);
  const refused = config.ipam.type === "" ? null : hostLocalCheck(call.door, ipamCall(config, attachmentOf(call)));
  return refused ?? call.conf.prevResult ?? pluginError("Required prevResult missing");
}

const bridge: Plugin = {
  add: (call) => bridgeAdd(call.door, bridgeConfig(call), attachmentOf(call)),
  check: checkBridge,
  del: (call) => bridgeDel(call.door, bridgeConfig(call), attachmentOf(call)),
  status: () => null,
};

function checkBridge(call: PluginCall): CniError | null {
  const prev = checkedResult(call);
  if (isCniError(prev)) return prev;
  const { door, ifname } = call;
  const name = bridgeConfig(call).bridge;
  const own = sandboxOf(call, prev);
  if (isCniError(own)) return own;
  const bridgeMac = macNow(call, door.ns, name);
  const bridgeThen = prev.interfaces.find((one) => one.name === name && one.sandbox === undefined);
  if (bridgeMac === null || bridgeThen === undefined) return pluginError(`Interface name ${name} not found`);
  if (bridgeThen.mac !== bridgeMac) return pluginError(`Bridge interface ${name} Mac doesn't match: ${bridgeThen.mac ?? ""}`);
  const veth = prev.interfaces.find((one) => one.name !== name && one.sandbox === undefined);
  const vethMac = veth === undefined ? null : macNow(call, door.ns, veth.name);
  const sandboxMac = macNow(call, call.netns, ifname);
  if (sandboxMac === null) return pluginError(`Interface name ${ifname} not found`);
  if (vethMac === null) return pluginError(`Interface name ${veth?.name ?? ""} not found`);
  if (veth!.mac !== vethMac) return pluginError(`Interface ${veth!.name} Mac doesn't match: ${veth!.mac ?? ""} not found`);
  const { stack, ns } = door;
  const devices = stack.nsInfo.get(ns)!.devices;
  if (stack.dev.c.master[devices.get(veth!.name)!] !== devices.get(name)) return pluginError(`CNI veth created for bridge ${name} was not found`);
  if (own.mac !== sandboxMac) return pluginError(`Interface ${ifname} Mac ${own.mac ?? ""} doesn't match container Mac: ${sandboxMac}`);
  return missingAddressOrRoute(call, prev);
}

const ptp: Plugin = {
  add: (call) => ptpAdd(call.door, ptpConfig(call), attachmentOf(call)),
  check: checkPtp,
  del: (call) => ptpDel(call.door, ptpConfig(call), attachmentOf(call)),
  status: () => null,
};

function checkPtp(call: PluginCall): CniError | null {
  const prev = checkedResult(call);
  if (isCniError(prev)) return prev;
  const own = sandboxOf(call, prev);
  if (isCniError(own)) return own;
  const mac = macNow(call, call.netns, call.ifname);
  if (mac === null) return pluginError(`ptp: Container Interface name in prevResult: ${call.ifname} not found`);
  if (own.mac !== mac) return pluginError(`ptp: Interface ${call.ifname} Mac ${own.mac ?? ""} doesn't match container Mac: ${mac}`);
  return missingAddressOrRoute(call, prev);
}

const loopback: Plugin = {
  add(call) {
    const { door, netns, conf } = call;
    const at = { ...attachmentOf(call), ifname: "lo" };
    const refused = runActs(door, [{ verb: "link-set", ns: netns, name: "lo", up: true, cause: door.cause(`Pod ${at.pod}`, "") }]);
    if (refused !== null) return refused;
    if (conf.prevResult !== undefined) return conf.prevResult;
    return { interfaces: [sandboxInterface(door, at)], ips: addressesOf(door, netns, "lo").map((address) => ({ interface: 0, address })), routes: [] };
  },
  check({ door, netns }) {
    const lo = door.stack.ns.c.lo[netns]!;
    return (door.stack.dev.c.flags[lo]! & 1) !== 0 ? null : pluginError("loopback interface is down");
  },
  del: ({ door, netns }) => (netns === 0 ? null : runActs(door, [{ verb: "link-set", ns: netns, name: "lo", up: false }])),
  status: () => null,
};

const hostLocalCall = (call: PluginCall): IpamCall => ipamCall(sandboxConfig(call), attachmentOf(call));

/** Called by itself it gives addresses that no interface has yet. */
const hostLocal: Plugin = {
  add(call) {
    const given = hostLocalAdd(call.door, hostLocalCall(call));
    return isCniError(given) ? given : { interfaces: [], ips: given, routes: call.conf.ipam?.routes ?? [] };
  },
  check: (call) => hostLocalCheck(call.door, hostLocalCall(call)),
  del(call) {
    hostLocalDel(call.door, hostLocalCall(call));
    return null;
  },
};

/** By the word of `type`. */
export const INTERFACE_PLUGINS: ReadonlyMap<string, Plugin> = new Map([["bridge", bridge], ["ptp", ptp], ["loopback", loopback], ["host-local", hostLocal]]);
