/** One execution of a reference plugin, as its binary is executed: parameters and configuration judged, then the verb. */
import type { NodeDoor } from "../../node-door.js";
import { CNI_ERROR, isCniError, pluginError } from "../cni-errors.js";
import type { CniError, CniResult } from "../cni-model.js";
import { bandwidth } from "./bandwidth.js";
import { badContainerId, badInterfaceName, badNetworkName, badVersion, missingParameter, noPlugin, readArgs } from "./call-words.js";
import { INTERFACE_PLUGINS } from "./interface-plugins.js";
import type { Plugin, PluginCall, PluginConf } from "./plugin.js";
import { portmap } from "./portmap.js";
import { tuning } from "./tuning.js";

/** The plugins there are, by the word of `type`. */
export const REFERENCE_PLUGINS: ReadonlyMap<string, Plugin> = new Map([...INTERFACE_PLUGINS, ["portmap", portmap], ["bandwidth", bandwidth], ["tuning", tuning]]);

/** Verbs of the specification that plugins are called with. */
export type CniCommand = "ADD" | "DEL" | "CHECK" | "GC" | "STATUS";

/** Whose call it is: an attachment, and what the runtime says beside the configuration. */
export interface CniAttachmentCall {
  readonly containerId: string;
  readonly ifname: string;
  /** row of the sandbox's namespace; 0 or one that is gone: none */
  readonly netns: number;
  /** CNI_ARGS, "K=V;K=V" */
  readonly args?: string;
}

/** An attachment of nobody, for GC and STATUS. */
const NOBODY: CniAttachmentCall = Object.freeze({ containerId: "", ifname: "", netns: 0 });

function badCall(door: NodeDoor, command: CniCommand, conf: PluginConf, { containerId, ifname, netns }: CniAttachmentCall): CniError | null {
  const forNobody = command === "GC" || command === "STATUS";
  const asked = { CNI_CONTAINERID: containerId, ...(command === "DEL" ? {} : { CNI_NETNS: netns === 0 ? "" : String(netns) }), CNI_IFNAME: ifname };
  const bad = forNobody ? null : (missingParameter(asked) ?? badContainerId(containerId) ?? badInterfaceName(ifname));
  const wrong = bad ?? badNetworkName(conf.name ?? "") ?? badVersion(conf.cniVersion ?? "0.1.0");
  if (wrong !== null || forNobody || command === "DEL" || door.stack.nsInfo.has(netns)) return wrong;
  return pluginError('failed to open netns: failed to Statfs: no such file or directory');
}

/**
 * Runs one plugin on a machine: the result of ADD, null for the other verbs, or the plugin's error object.
 * `valid` are the attachments that GC is to leave.
 */
export function runPlugin(
  door: NodeDoor,
  command: CniCommand,
  conf: PluginConf,
  attachment: CniAttachmentCall = NOBODY,
  valid: readonly { readonly containerID: string; readonly ifname: string }[] = [],
): CniResult | CniError | null {
  const plugin = REFERENCE_PLUGINS.get(conf.type);
  if (plugin === undefined) return noPlugin(conf.type);
  const args = readArgs(attachment.args ?? "");
  const refused = badCall(door, command, conf, attachment) ?? (isCniError(args) ? args : null) ?? plugin.fault?.(conf) ?? null;
  if (refused !== null) return refused;
  const call: PluginCall = {
    door,
    containerId: attachment.containerId,
    ifname: attachment.ifname,
    netns: door.stack.nsInfo.has(attachment.netns) ? attachment.netns : 0,
    args: args as Readonly<Record<string, string>>,
    conf,
    network: conf.name!,
  };
  switch (command) {
    case "ADD":
      return plugin.add(call);
    case "CHECK":
      return plugin.check(call);
    case "DEL":
      return plugin.del(call);
    case "GC":
      return plugin.gc?.(call, valid) ?? null;
    case "STATUS":
      return plugin.status?.(call) ?? null;
    default:
      return { code: CNI_ERROR.invalidEnvironment, msg: `unknown CNI_COMMAND: ${String(command)}` };
  }
}
