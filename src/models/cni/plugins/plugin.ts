/** What a CNI plugin is: verbs over a configuration and an attachment (the CNI specification 1.1.0, sections 2 and 4). */
import type { NodeDoor } from "../../node-door.js";
import type { CniError, CniResult } from "../cni-model.js";
import type { IpamConf } from "../host-local-ranges.js";

/** One object of a list's `plugins`, as the runtime hands it on: with `cniVersion`, `name`, `runtimeConfig` and `prevResult` put in. */
export interface PluginConf {
  readonly type: string;
  readonly cniVersion?: string;
  readonly name?: string;
  readonly ipam?: Partial<IpamConf>;
  readonly runtimeConfig?: Readonly<Record<string, unknown>>;
  readonly args?: { readonly cni?: Readonly<Record<string, unknown>> };
  readonly prevResult?: CniResult;
  readonly capabilities?: Readonly<Record<string, boolean>>;
  readonly [key: string]: unknown;
}

/** One execution: the parameters that a real plugin finds in its environment and on its standard input. */
export interface PluginCall {
  readonly door: NodeDoor;
  readonly containerId: string;
  readonly ifname: string;
  /** namespace row; 0: there is none (CNI_NETNS empty or gone) */
  readonly netns: number;
  /** CNI_ARGS, taken apart */
  readonly args: Readonly<Record<string, string>>;
  readonly conf: PluginConf;
  readonly network: string;
}

/** A plugin by its verbs; a verb that is left out is one it does not know. */
export interface Plugin {
  /** it changes what another plugin made, and cannot come first */
  readonly chained?: boolean;
  /** what is wrong with a configuration, whatever the verb */
  fault?(conf: PluginConf): CniError | null;
  /** Verb ADD: what it made, on top of `prevResult` if it is chained. */
  add(call: PluginCall): CniResult | CniError;
  /** Verb CHECK: null if all is as ADD left it. */
  check(call: PluginCall): CniError | null;
  /** Verb DEL: what is gone already is no error. */
  del(call: PluginCall): CniError | null;
  /** Verb GC: drops what belongs to none of the valid attachments. */
  gc?(call: PluginCall, valid: readonly { readonly containerID: string; readonly ifname: string }[]): CniError | null;
  /** Verb STATUS: null if it is ready for ADD. */
  status?(call: PluginCall): CniError | null;
}

/** The attachment of a call, as models take it; Kubernetes tells the pod's name in CNI_ARGS. */
export function attachmentOf({ containerId, ifname, netns, args }: PluginCall): { readonly containerId: string; readonly netns: number; readonly ifname: string; readonly pod: string } {
  const { K8S_POD_NAMESPACE: namespace, K8S_POD_NAME: name } = args;
  return { containerId, netns, ifname, pod: namespace === undefined || name === undefined ? containerId : `${namespace}/${name}` };
}
