/**
 * The bandwidth plugin: a token bucket on the node's end of the veth for what goes to the sandbox, and one on an ifb device for
 * what comes from it (plugins/meta/bandwidth). Rates are bits a second and bursts bits, as in the configuration.
 */
import type { Act } from "../../../linux/plumbing/act.js";
import { ifbName } from "../chain-name.js";
import { pluginError } from "../cni-errors.js";
import type { CniError, CniResult } from "../cni-model.js";
import { devicesOf, macOf, runActs } from "../sandbox-veth.js";
import { attachmentOf, type Plugin, type PluginCall, type PluginConf } from "./plugin.js";

const BITS = 8;
/** Seconds that a frame may wait beyond the burst. */
const LATENCY = 0.025;
const MOST_BURST: number = 2 ** 32;

interface Limits {
  readonly ingressRate: number;
  readonly ingressBurst: number;
  readonly egressRate: number;
  readonly egressBurst: number;
}

function limitsOf(conf: PluginConf): Limits {
  const given = (conf.runtimeConfig?.["bandwidth"] as Partial<Limits> | undefined) ?? (conf as Partial<Limits>);
  const { ingressRate = 0, ingressBurst = 0, egressRate = 0, egressBurst = 0 } = given;
  return { ingressRate, ingressBurst, egressRate, egressBurst };
}

function fault(conf: PluginConf): CniError | null {
  const { ingressRate, ingressBurst, egressRate, egressBurst } = limitsOf(conf);
  for (const [rate, burst] of [[ingressRate, ingressBurst], [egressRate, egressBurst]] as const) {
    if (burst < 0 || rate < 0) return pluginError(`${rate < 0 ? "rate" : "burst"} must be a positive integer`);
    if (burst === 0 && rate !== 0) return pluginError("if rate is set, burst must also be set");
    if (rate === 0 && burst !== 0) return pluginError("if burst is set, rate must also be set");
    if (burst / BITS >= MOST_BURST) return pluginError("burst cannot be more than 4GB");
  }
  return null;
}

/** createTBF: rate in bytes, and room for what comes in 25 ms above the burst. */
function bucket(rate: number, burst: number): { readonly rate: number; readonly burst: number; readonly limit: number } {
  const [bytes, size] = [Math.floor(rate / BITS), Math.floor(burst / BITS)];
  return { rate: bytes, burst: size, limit: Math.floor(bytes * LATENCY) + size };
}

/** The node's interface in the result that is the other end of the sandbox's. */
function hostEnd({ door, netns, ifname }: PluginCall, { interfaces }: CniResult): string | CniError {
  const { stack } = door;
  const inner = stack.nsInfo.get(netns)?.devices.get(ifname) ?? 0;
  const peer = stack.dev.c.peer[inner]!;
  const found = interfaces.find(({ name, sandbox }) => sandbox === undefined && inner !== 0 && devicesOf(door, door.ns).get(name) === peer);
  return found?.name ?? pluginError("no host interface was found");
}

function add(call: PluginCall): CniResult | CniError {
  const { door, conf, network, containerId } = call;
  const { prevResult } = conf;
  const limits = limitsOf(conf);
  if (prevResult === undefined) return pluginError("must be called as chained plugin");
  if (limits.ingressRate === 0 && limits.egressRate === 0) return prevResult;
  const dev = hostEnd(call, prevResult);
  if (typeof dev !== "string") return dev;
  const { ns } = door;
  const cause = door.cause(`Pod ${attachmentOf(call).pod}`, "");
  const acts: Act[] = [];
  if (limits.ingressRate > 0) acts.push({ verb: "qdisc-add", ns, dev, tbf: bucket(limits.ingressRate, limits.ingressBurst), cause });
  if (limits.egressRate === 0) return runActs(door, acts) ?? prevResult;
  const ifb = ifbName(network, containerId);
  const mtu = door.stack.dev.c.mtu[devicesOf(door, ns).get(dev)!]!;
  acts.push(
    { verb: "link-add", ns, name: ifb, kind: "ifb", mtu, cause },
    { verb: "link-set", ns, name: ifb, up: true, cause },
    { verb: "qdisc-add", ns, dev, redirect: ifb, cause },
    { verb: "qdisc-add", ns, dev: ifb, tbf: bucket(limits.egressRate, limits.egressBurst), cause },
  );
  const refused = runActs(door, acts);
  return refused ?? { ...prevResult, interfaces: [...prevResult.interfaces, { name: ifb, mac: macOf(door, ns, ifb) }] };
}

function check(call: PluginCall): CniError | null {
  const { door, conf, network, containerId } = call;
  if (conf.prevResult === undefined) return pluginError("must be called as a chained plugin");
  const limits = limitsOf(conf);
  const dev = hostEnd(call, conf.prevResult);
  if (typeof dev !== "string") return dev;
  for (const [name, rate, burst] of [[dev, limits.ingressRate, limits.ingressBurst], [ifbName(network, containerId), limits.egressRate, limits.egressBurst]] as const) {
    if (rate === 0) continue;
    const row = devicesOf(door, door.ns).get(name);
    const tbf = row === undefined ? undefined : door.stack.devInfo.get(row)!.tbf;
    if (tbf === undefined) return pluginError(`Failed to find qdisc for ${name}`);
    const wanted = bucket(rate, burst);
    if (tbf.rate !== wanted.rate) return pluginError("Rate doesn't match");
    if (tbf.limit !== wanted.limit) return pluginError("Limit doesn't match");
    if (tbf.burst !== wanted.burst) return pluginError("Buffer doesn't match");
  }
  return null;
}

/** The ifb device goes; the buckets of a veth go with it. */
function del({ door, network, containerId }: PluginCall): CniError | null {
  const ifb = ifbName(network, containerId);
  return devicesOf(door, door.ns).has(ifb) ? runActs(door, [{ verb: "link-del", ns: door.ns, name: ifb }]) : null;
}

export const bandwidth: Plugin = { chained: true, fault, add, check, del, status: () => null };
