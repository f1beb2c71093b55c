/** The portmap plugin behind the one that made a pod's interface, as in the lists that flannel and kindnet write. */
import type { NodeDoor } from "../../node-door.js";
import type { CniAttachment, CniError, CniResult } from "../cni-model.js";
import type { PluginConf } from "./plugin.js";
import { type CniAttachmentCall, runPlugin } from "./run-plugin.js";

const VERSION = "0.3.1";

function callOf({ containerId, ifname, netns, pod }: CniAttachment): CniAttachmentCall {
  const [namespace = "", name = ""] = pod.split("/");
  return { containerId, ifname, netns, args: `IgnoreUnknown=1;K8S_POD_NAMESPACE=${namespace};K8S_POD_NAME=${name}` };
}

function confOf(network: string, { ports = [] }: CniAttachment, prevResult?: CniResult): PluginConf {
  const portMappings = ports.map(({ hostPort, containerPort, protocol, hostIp }) => ({ hostPort, containerPort, protocol, ...(hostIp === undefined ? {} : { hostIP: hostIp }) }));
  return { type: "portmap", cniVersion: VERSION, name: network, runtimeConfig: { portMappings }, ...(prevResult === undefined ? {} : { prevResult }) };
}

/** ADD, where a pod has ports of the node. */
export function mapPodPorts(door: NodeDoor, network: string, at: CniAttachment, result: CniResult | CniError): CniResult | CniError {
  if (at.ports === undefined || "code" in result) return result;
  return runPlugin(door, "ADD", confOf(network, at, result), callOf(at)) as CniResult | CniError;
}

/** DEL. */
export function unmapPodPorts(door: NodeDoor, network: string, at: CniAttachment): CniError | null {
  return at.ports === undefined ? null : (runPlugin(door, "DEL", confOf(network, at), callOf(at)) as CniError | null);
}
