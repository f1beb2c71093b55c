/**
 * A network's list of plugins, run as a runtime's libcni runs it: each with what the one before it gave, backwards for DEL, and
 * the last result kept for DEL and CHECK (the CNI specification 1.1.0, section 3; containernetworking/cni, libcni/api.go).
 */
import type { NodeDoor } from "../node-door.js";
import { CNI_ERROR, isCniError } from "./cni-errors.js";
import type { CniError, CniResult } from "./cni-model.js";
import { CNI_VERSIONS } from "./plugins/call-words.js";
import type { PluginConf } from "./plugins/plugin.js";
import { type CniAttachmentCall, type CniCommand, runPlugin } from "./plugins/run-plugin.js";

/** A network configuration list, the contents of a `.conflist` file. */
export interface CniConfList {
  readonly cniVersion?: string;
  readonly cniVersions?: readonly string[];
  readonly name: string;
  readonly disableCheck?: boolean;
  readonly disableGC?: boolean;
  readonly plugins: readonly PluginConf[];
}

/** An attachment with capability arguments, of which each plugin gets those that it declares. */
export interface CniRuntimeCall extends CniAttachmentCall {
  readonly capabilities?: Readonly<Record<string, unknown>>;
}

/** What the runtime keeps of an ADD. */
interface Kept {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly result: CniResult;
  readonly capabilities: Readonly<Record<string, unknown>>;
}

const KEPT = "cni-result/";

const keptKey = (network: string, { containerId, ifname }: { readonly containerId: string; readonly ifname: string }): string => `${KEPT}${network}-${containerId}-${ifname}`;

/** A `.conflist` file's text, or error 6 or 7 in the runtime's words. */
export function readConfList(text: string): CniConfList | CniError {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (fault) {
    return { code: CNI_ERROR.decodingFailure, msg: `error parsing configuration list: ${String((fault as Error).message)}` };
  }
  const list = read as Partial<CniConfList> | null;
  if (typeof list?.name !== "string") return { code: CNI_ERROR.invalidConfig, msg: "error parsing configuration list: no name" };
  if (list.plugins === undefined) return { code: CNI_ERROR.invalidConfig, msg: "error parsing configuration list: no 'plugins' key" };
  if (!Array.isArray(list.plugins) || list.plugins.length === 0) return { code: CNI_ERROR.invalidConfig, msg: "error parsing configuration list: no plugins in list" };
  return list as CniConfList;
}

/** The highest version that the list offers and plugins here know; the list's own word if there is none. */
function versionOf({ cniVersion = "0.1.0", cniVersions = [] }: CniConfList): string {
  const known = CNI_VERSIONS.filter((version) => version === cniVersion || cniVersions.includes(version));
  return known[known.length - 1] ?? cniVersion;
}

const atLeast = (list: CniConfList, version: string): boolean => CNI_VERSIONS.indexOf(versionOf(list)) >= CNI_VERSIONS.indexOf(version);

/** What one plugin is told: the list's name and version, the capability arguments it declares, and the result so far. */
function confOf(list: CniConfList, plugin: PluginConf, capabilities: Readonly<Record<string, unknown>>, prevResult: CniResult | undefined): PluginConf {
  const { capabilities: declared = {}, ...rest } = plugin;
  const told = Object.fromEntries(Object.entries(capabilities).filter(([key]) => declared[key] === true));
  return {
    ...rest,
    type: plugin.type,
    cniVersion: versionOf(list),
    name: list.name,
    ...(Object.keys(told).length === 0 ? {} : { runtimeConfig: told }),
    ...(prevResult === undefined ? {} : { prevResult }),
  };
}

/** Verb ADD over the list: the last plugin's result, or the error of the first that fails. The runtime then owes a DEL. */
export function cniAdd(door: NodeDoor, list: CniConfList, call: CniRuntimeCall): CniResult | CniError {
  let result: CniResult | undefined;
  for (const plugin of list.plugins) {
    const answer = runPlugin(door, "ADD", confOf(list, plugin, call.capabilities ?? {}, result), call) as CniResult | CniError;
    if (isCniError(answer)) return answer;
    result = answer;
  }
  const kept: Kept = { network: list.name, containerId: call.containerId, ifname: call.ifname, result: result!, capabilities: call.capabilities ?? {} };
  door.memory.set(keptKey(list.name, call), Object.freeze(kept));
  return result!;
}

/** The verbs that are told the result of ADD. */
function runAll(door: NodeDoor, command: CniCommand, list: CniConfList, plugins: readonly PluginConf[], call: CniRuntimeCall): CniError | null {
  const kept = door.memory.get(keptKey(list.name, call)) as Kept | undefined;
  for (const plugin of plugins) {
    const refused = runPlugin(door, command, confOf(list, plugin, call.capabilities ?? kept?.capabilities ?? {}, kept?.result), call) as CniError | null;
    if (refused !== null) return refused;
  }
  return null;
}

/** Verb DEL over the list, from its end; what is gone already is no error. */
export function cniDel(door: NodeDoor, list: CniConfList, call: CniRuntimeCall): CniError | null {
  const refused = runAll(door, "DEL", list, [...list.plugins].reverse(), call);
  if (refused === null) door.memory.delete(keptKey(list.name, call));
  return refused;
}

/** Verb CHECK over the list; nothing is asked where the list forbids it. */
export function cniCheck(door: NodeDoor, list: CniConfList, call: CniRuntimeCall): CniError | null {
  if (!atLeast(list, "0.4.0")) return { code: CNI_ERROR.incompatibleVersion, msg: `configuration version "${versionOf(list)}" does not support CHECK command` };
  return list.disableCheck === true ? null : runAll(door, "CHECK", list, list.plugins, call);
}

/** Verb GC: attachments of this network that are not among the valid ones are deleted, then each plugin is told; all errors together. */
export function cniGc(door: NodeDoor, list: CniConfList, valid: readonly { readonly containerID: string; readonly ifname: string }[]): readonly CniError[] {
  if (list.disableGC === true) return [];
  const mine = [...door.memory].flatMap(([key, value]) => (key.startsWith(KEPT) && (value as Kept).network === list.name ? [value as Kept] : []));
  const stale = mine.filter(({ containerId, ifname }) => !valid.some((one) => one.containerID === containerId && one.ifname === ifname));
  const errors = stale.map(({ containerId, ifname }) => cniDel(door, list, { containerId, ifname, netns: 0 }));
  if (atLeast(list, "1.1.0")) {
    for (const plugin of list.plugins) errors.push(runPlugin(door, "GC", { ...confOf(list, plugin, {}, undefined), "cni.dev/valid-attachments": valid }, undefined, valid) as CniError | null);
  }
  return errors.filter((error) => error !== null);
}

/** Verb STATUS: null if every plugin is ready for ADD. */
export function cniStatus(door: NodeDoor, list: CniConfList): CniError | null {
  if (!atLeast(list, "1.1.0")) return null;
  for (const plugin of list.plugins) {
    const refused = runPlugin(door, "STATUS", confOf(list, plugin, {}, undefined)) as CniError | null;
    if (refused !== null) return refused;
  }
  return null;
}
