// Which endpoints of a port a node's proxy uses: written once, for every mode. Read first: kubernetes pkg/proxy/topology.go.

import { compareText } from "./compare-text.js";
import { type EndpointInfo, type ServicePortInfo, usesClusterEndpoints, usesLocalEndpoints } from "./service-port-info.js";

/** What endpoint choice reads of a node. */
export interface ChoosingNode {
  readonly name: string;
  /** Label `topology.kubernetes.io/zone`, empty without it. */
  readonly zone: string;
  /** Hints for single nodes count (on from Kubernetes 1.34). */
  readonly preferSameNode: boolean;
}

/** Lists keep the order of the port's endpoints. */
export interface EndpointChoice {
  /** For traffic under a Cluster policy. */
  readonly cluster: readonly EndpointInfo[];
  /** For traffic under a Local policy. */
  readonly local: readonly EndpointInfo[];
  /** Every endpoint that some rule leads to. */
  readonly reachable: readonly EndpointInfo[];
  /** False when no node has anything to send to. */
  readonly hasAny: boolean;
  /** Cluster-IP traffic has somewhere to go here. */
  readonly hasInternal: boolean;
  /** Traffic from outside has somewhere to go here. */
  readonly hasExternal: boolean;
}

type HintMode = "none" | "zone" | "node";

const nothing: EndpointChoice = Object.freeze({
  cluster: [],
  local: [],
  reachable: [],
  hasAny: false,
  hasInternal: false,
  hasExternal: false,
});

/** The endpoints of `port` that the proxy of `node` uses. */
export function chooseEndpoints(port: ServicePortInfo, node: ChoosingNode): EndpointChoice {
  const all = port.endpoints;
  if (all.length === 0) return nothing;
  const useCluster = usesClusterEndpoints(port);
  const useLocal = usesLocalEndpoints(port);
  const mode = useCluster ? hintMode(port, node) : "none";
  const cluster = useCluster ? clusterList(all, mode, node) : [];
  const { local, draining } = useLocal ? localList(all, node) : { local: [], draining: false };
  const hasAny = cluster.length > 0 || (useLocal && all.some((endpoint) => endpoint.ready || isDraining(endpoint)));
  return {
    cluster,
    local,
    reachable: !useLocal || (useCluster && mode === "none" && !draining) ? cluster : useCluster ? union(cluster, local) : local,
    hasAny,
    hasInternal: hasAny && !(port.internalLocal && local.length === 0),
    hasExternal: hasAny && !(port.externalLocal && local.length === 0),
  };
}

/**
 * Names the choice among all choices that nodes can make for `port`: two nodes with equal words choose alike. Empty for
 * a port whose choice depends on no node.
 */
export function choiceKey(port: ServicePortInfo, node: ChoosingNode): string {
  const mode = usesClusterEndpoints(port) ? hintMode(port, node) : "none";
  const hint = mode === "none" ? "" : mode === "zone" ? `zone=${node.zone}` : `node=${node.name}`;
  if (!usesLocalEndpoints(port)) return hint;
  const local = port.endpoints.some((endpoint) => endpoint.nodeName === node.name && node.name !== "");
  return local ? `${hint} local=${node.name}` : hint;
}

/** Whether nodes may choose differently for `port`. */
export function choiceDependsOnNode(port: ServicePortInfo): boolean {
  if (usesLocalEndpoints(port)) return true;
  const ready = port.endpoints.filter((endpoint) => endpoint.ready);
  return ready.length > 0 && (ready.every((each) => each.zoneHints.length > 0) || ready.every((each) => each.nodeHints.length > 0));
}

function clusterList(all: readonly EndpointInfo[], mode: HintMode, node: ChoosingNode): readonly EndpointInfo[] {
  const ready = all.filter((endpoint) => endpoint.ready && fits(endpoint, mode, node));
  return ready.length > 0 ? ready : all.filter(isDraining);
}

function localList(
  all: readonly EndpointInfo[],
  node: ChoosingNode,
): { readonly local: readonly EndpointInfo[]; readonly draining: boolean } {
  const here = all.filter((endpoint) => endpoint.nodeName !== "" && endpoint.nodeName === node.name);
  const ready = here.filter((endpoint) => endpoint.ready);
  if (ready.length > 0) return { local: ready, draining: false };
  const local = here.filter(isDraining);
  return { local, draining: local.length > 0 };
}

/** Still answers although its pod is going away: what is used when nothing is ready. */
function isDraining(endpoint: EndpointInfo): boolean {
  return endpoint.serving && endpoint.terminating;
}

/** Hints count only when every ready endpoint has them and one of them is for this node or its zone. */
function hintMode(port: ServicePortInfo, node: ChoosingNode): HintMode {
  let [everyNode, everyZone, myNode, myZone, anyReady] = [node.preferSameNode, true, false, false, false];
  for (const endpoint of port.endpoints) {
    if (!endpoint.ready) continue;
    anyReady = true;
    if (endpoint.nodeHints.length === 0) everyNode = false;
    else if (endpoint.nodeHints.includes(node.name)) myNode = true;
    if (endpoint.zoneHints.length === 0) everyZone = false;
    else if (endpoint.zoneHints.includes(node.zone)) myZone = true;
    if (!everyNode && !everyZone) return "none";
  }
  if (!anyReady) return "none";
  return everyNode && myNode ? "node" : everyZone && myZone && node.zone !== "" ? "zone" : "none";
}

function fits(endpoint: EndpointInfo, mode: HintMode, node: ChoosingNode): boolean {
  return mode === "none" || (mode === "zone" ? endpoint.zoneHints.includes(node.zone) : endpoint.nodeHints.includes(node.name));
}

function union(a: readonly EndpointInfo[], b: readonly EndpointInfo[]): readonly EndpointInfo[] {
  const texts = new Set(a.map((endpoint) => endpoint.text));
  return [...a, ...b.filter((endpoint) => !texts.has(endpoint.text))].sort((x, y) => compareText(x.text, y.text));
}
