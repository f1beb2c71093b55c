/** What nodes hold already, as the scheduler counts it: pods that have not finished, by owner, and the host ports they use. */
import type { Pod } from "../api/index.js";

export class NodeLoad {
  pods = 0;
  /** those that a scheduler spreads: a daemon's and a node's own pods are bound to where they are */
  spread = 0;
  private readonly owners = new Map<string, number>();
  private readonly hostPorts = new Map<string, number>();

  ofOwner(uid: string): number {
    return this.owners.get(uid) ?? 0;
  }

  change(pod: Pod, owner: string | undefined, by: 1 | -1): void {
    this.pods += by;
    if (!isBound(pod)) this.spread += by;
    if (owner !== undefined) count(this.owners, owner, by);
    for (const port of hostPortsOf(pod)) count(this.hostPorts, port, by);
  }

  /** Whether one of a pod's host ports is in use; 0.0.0.0 stands for every address. */
  conflicts(pod: Pod): boolean {
    if (this.hostPorts.size === 0) return false;
    for (const port of hostPortsOf(pod)) {
      const [ip, rest] = [port.slice(0, port.indexOf(" ")), port.slice(port.indexOf(" "))];
      if (this.hostPorts.has(port) || this.hostPorts.has(`0.0.0.0${rest}`)) return true;
      if (ip !== "0.0.0.0") continue;
      for (const used of this.hostPorts.keys()) if (used.endsWith(rest)) return true;
    }
    return false;
  }
}

/** Whether a pod belongs to its node: a daemon's, or the node's own. */
export function isBound(pod: Pod): boolean {
  return pod.metadata.ownerReferences?.some(({ kind, controller }) => controller === true && (kind === "DaemonSet" || kind === "Node")) === true;
}

/** `ip protocol port` of what a pod takes of its node. */
function hostPortsOf(pod: Pod): readonly string[] {
  const taken: string[] = [];
  for (const container of pod.spec.containers) {
    for (const port of container.ports ?? []) {
      if ((port.hostPort ?? 0) !== 0)
        taken.push(
          `${port.hostIP === undefined || port.hostIP === "" ? "0.0.0.0" : port.hostIP} ${port.protocol ?? "TCP"} ${port.hostPort}`,
        );
    }
  }
  return taken;
}

function count(map: Map<string, number>, key: string, by: 1 | -1): void {
  const next = (map.get(key) ?? 0) + by;
  if (next === 0) map.delete(key);
  else map.set(key, next);
}
