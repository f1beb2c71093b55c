/** NodeLocal DNSCache on a node: what a node-cache container does as it starts and stops, whosever DaemonSet it is of. */
import type { Container, Pod } from "../api/index.js";
import { fillCorefile, nodeCacheServers, readNodeCacheFlags } from "../models/dns/node-cache-config.js";
import { setUpNodeCache, tearDownNodeCache } from "../models/dns/node-cache-network.js";
import type { ProgramChoice } from "./options.js";
import type { Plane } from "./plane.js";
import { keyOf } from "./store.js";

const MODEL = "node-cache";

/** Name of the program, and of the model in causes. */
export const NODE_CACHE: "node-cache" = MODEL;

/** Whether a container is node-cache, by its image. */
export function isNodeCache({ image = "" }: Container): boolean {
  return /(^|\/)k8s-dns-node-cache(:|@|$)/.test(image);
}

/**
 * Makes the node ready for a node-cache container, and gives the program its servers; null where CoreDNS would give up at once,
 * for want of a Corefile that it can read. `given.args.upstream` are the name servers of the node's resolv.conf.
 */
export function startNodeCache(p: Plane, pod: Pod, nodeName: string, container: Container, given: ProgramChoice): ProgramChoice | null {
  const node = p.nodes.get(nodeName);
  if (node === undefined) return null;
  const flags = readNodeCacheFlags(container.args ?? []);
  const { namespace = "default" } = pod.metadata;
  const base = corefileOf(p, pod, namespace);
  const upstream = p.store.get("Service", `${namespace}/${flags.upstreamSvc}`)?.spec.clusterIP;
  const { upstream: resolvers } = given.args;
  const texts = typeof resolvers === "string" ? [resolvers] : Array.isArray(resolvers) ? resolvers.map(String) : [];
  const servers = base === null ? "no Corefile" : nodeCacheServers(fillCorefile(base, flags, upstream === undefined || upstream === "None" ? null : upstream), texts);
  const cause = p.causeOf(MODEL, `Pod ${keyOf(pod)}`, "spec.containers");
  p.beforeRules(nodeName);
  setUpNodeCache(p.door(node, MODEL), { ...flags, setupIptables: flags.setupIptables && typeof servers !== "string" }, cause);
  p.afterRules(nodeName);
  return typeof servers === "string" ? null : { program: NODE_CACHE, args: { servers } };
}

/** What node-cache does at SIGTERM: its device and rules go. One that is killed leaves them. */
export function stopNodeCache(p: Plane, nodeName: string, container: Container): void {
  const node = p.nodes.get(nodeName);
  const flags = readNodeCacheFlags(container.args ?? []);
  if (node !== undefined && !flags.skipTeardown) tearDownNodeCache(p.door(node, MODEL), flags);
}

/** The Corefile in the ConfigMap that the pod has among its volumes, kube-dns's stub domains aside. */
function corefileOf(p: Plane, { spec }: Pod, namespace: string): string | null {
  for (const { configMap } of (spec.volumes ?? []) as readonly { readonly configMap?: { readonly name?: string } }[]) {
    const text = p.store.get("ConfigMap", `${namespace}/${configMap?.name ?? ""}`)?.data?.["Corefile"];
    if (text !== undefined) return text;
  }
  return null;
}
