/** A pod's network namespace on a node: made, attached by the CNI, and given back. */
import type { Pod } from "../api/index.js";
import { netnsByName } from "../linux/netns.js";
import type { CniAttachment, CniError } from "../models/cni/cni-model.js";
import { cniNode } from "./node-agent.js";
import type { PlaneNode } from "./options.js";
import type { Plane } from "./plane.js";
import type { PodRun } from "./pod-run.js";

/** What a started sandbox is: its namespace and addresses. */
export interface Sandbox {
  readonly ns: number;
  readonly ips: readonly string[];
}

/** 64 hexadecimal digits from the node's own stream. */
export function newContainerId(p: Plane, node: string): string {
  let hex = "";
  for (let i = 0; i < 8; i++)
    hex += p
      .below(`${node}/containerd/id`, 2 ** 32)
      .toString(16)
      .padStart(8, "0");
  return hex;
}

/** Makes the namespace and calls CNI ADD; on failure nothing is left behind. */
export function startSandbox(p: Plane, node: PlaneNode, pod: Pod, containerId: string): Sandbox | CniError {
  const machine = p.s.ns.c.node[node.ns]!;
  const name = sandboxName(containerId);
  const made = p.plumb(node.name, { verb: "netns-add", node: machine, name });
  if (made !== null) return { code: 999, msg: made.message };
  const ns = netnsByName(p.s, machine, name);
  p.plumb(node.name, { verb: "link-set", ns, name: "lo", up: true });
  const object = p.store.get("Node", node.name);
  const result: ReturnType<typeof p.options.cni.add> =
    object === undefined
      ? { code: 999, msg: `nodes "${node.name}" not found` }
      : p.options.cni.add(p.door(node, p.options.cni.name), cniNode(p, object), attachment(pod, ns, containerId));
  if ("ips" in result) return { ns, ips: result.ips.map(({ address }) => address.replace(/\/.*$/, "")) };
  p.plumb(node.name, { verb: "netns-del", ns });
  return result;
}

/** CNI DEL, then the namespace goes. */
export function stopSandbox(p: Plane, pod: Pod, run: PodRun): void {
  const node = p.nodes.get(run.node);
  if (node === undefined || run.ns === 0 || run.ns === node.ns) return;
  const object = p.store.get("Node", node.name);
  if (object !== undefined)
    p.options.cni.del(p.door(node, p.options.cni.name), cniNode(p, object), attachment(pod, run.ns, run.containerId));
  p.plumb(node.name, { verb: "netns-del", ns: run.ns });
}

/** As containerd names it; the identifier is cut to the form of a UUID's digits. */
export function sandboxName(containerId: string): string {
  const hex = containerId.slice(0, 32);
  return `cni-${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function attachment(pod: Pod, netns: number, containerId: string): CniAttachment {
  const ports = pod.spec.containers.flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort = 0, containerPort, protocol = "TCP", hostIP }) =>
      hostPort === 0
        ? []
        : [
            {
              hostPort,
              containerPort,
              protocol: protocol.toLowerCase(),
              ...(hostIP === undefined || hostIP === "" ? {} : { hostIp: hostIP }),
            },
          ],
    ),
  );
  const { namespace = "default", name } = pod.metadata;
  return { containerId, netns, ifname: "eth0", pod: `${namespace}/${name}`, ...(ports.length === 0 ? {} : { ports }) };
}
