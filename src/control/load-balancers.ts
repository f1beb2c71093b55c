/**
 * Services of type LoadBalancer: an address from the cluster's balancer, a finalizer that keeps the Service until that is given
 * back, and the nodes that traffic may be sent to. Read first: kubernetes `staging/src/k8s.io/cloud-provider/controllers/service`.
 *
 * What a balancer knows of nodes it asks them for (balancer-checks.ts); one that asks nobody goes by the endpoints.
 */
import type { Node, Service } from "../api/index.js";
import { compareText } from "../base/names.js";
import { SECOND } from "../base/time.js";
import { netnsByName } from "../linux/netns.js";
import type { AddressRefusal, Balanced, BalancerDoor, BalancerModel, BalancerNews, BalancerNode } from "../models/balancer/balancer-model.js";
import { checkNodes, forgetChecks, isHealthy, runCheck, sendsChecks } from "./balancer-checks.js";
import { forget } from "./deletion.js";
import { isUp } from "./node-agent.js";
import { isSilent } from "./node-lifecycle.js";
import type { PlaneNode } from "./options.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { type Change, keyOf } from "./store.js";

const EXCLUDED = "node.kubernetes.io/exclude-from-external-load-balancers";
const LEAVES = "ToBeDeletedByClusterAutoscaler";
const FIRST_RETRY: number = 5 * SECOND;
const LONGEST_RETRY: number = 300 * SECOND;

/** What is kept of a Service that has an address. */
interface Given {
  readonly uid: string;
  readonly service: Balanced;
  /** what the balancer was told last, and the nodes that it might have been told of; null before the first time */
  readonly told: string | null;
  readonly eligible: string | null;
}

export const loadBalancers: Controller = {
  number: CONTROLLER.loadBalancer,

  watch(p: Plane, { object }: Change): void {
    const model = p.options.balancer;
    if (model === undefined) return;
    if (model.kinds?.includes(object.kind) === true) p.enqueue(CONTROLLER.loadBalancer, "config all", p.delays.controller);
    if (object.kind === "Service") {
      if (object.spec.type === "LoadBalancer" || p.notes.has(note(keyOf(object)))) p.enqueue(CONTROLLER.loadBalancer, `service ${keyOf(object)}`, p.delays.controller);
    } else if (object.kind === "EndpointSlice") {
      const owner = `${object.metadata.namespace ?? "default"}/${object.metadata.labels?.["kubernetes.io/service-name"] ?? ""}`;
      if (p.notes.has(note(owner))) p.enqueue(CONTROLLER.loadBalancer, `targets ${owner}`, p.delays.controller);
    } else if (object.kind === "Node") {
      for (const key of balanced(p)) p.enqueue(CONTROLLER.loadBalancer, `targets ${key}`, p.delays.controller);
      putOff(p, model);
    }
  },

  sync(p: Plane, work: string): void {
    const model = p.options.balancer;
    if (model === undefined) return;
    const [what, key, node] = work.split(" ") as [string, string, string];
    if (what === "service") follow(p, model, key);
    else if (what === "provision") provision(p, model, key);
    else if (what === "targets") retarget(p, model, key);
    else if (what === "config") reconfigure(p, model);
    else if (what === "later") model.later?.run(doorOf(p, model));
    else {
      const given = givenOf(p, key);
      const target = p.nodes.get(node);
      const service = p.store.get("Service", key);
      if (given === undefined || target === undefined || service === undefined) return;
      runCheck(p, { model, ns: model.place(doorOf(p, model), given.service), service, node, address: target.addresses[0]! });
    }
  },
};

function note(key: string): string {
  return `balancer/${key}`;
}

function givenOf(p: Plane, key: string): Given | undefined {
  return p.notes.get(note(key)) as Given | undefined;
}

function balanced(p: Plane): readonly string[] {
  return [...p.notes.keys()].filter((name) => name.startsWith("balancer/")).map((name) => name.slice("balancer/".length)).sort(compareText);
}

function doorOf(p: Plane, model: BalancerModel): BalancerDoor {
  const fabric = p.options.fabric ?? 0;
  return {
    stack: p.s,
    fabric,
    plumb: (act) => p.plumb("", act),
    netns: (machine, name) => netnsByName(p.s, machine, name),
    memory: p.door({ name: "", role: "worker", ns: fabric, addresses: [] }, model.name).memory as Map<string, unknown>,
    cause: (object, path) => p.causeOf(model.name, object, path),
    objects: (kind) => p.store.list(kind),
    nodes: () => [...p.nodes.values()].filter(({ name }) => p.store.get("Node", name) !== undefined && isUp(p, name)).map((node) => ({ ...nodeOf(p, node), silent: isSilent(p, node.name) })),
  };
}

function nodeOf(p: Plane, { name, ns, addresses }: PlaneNode): BalancerNode {
  return { name, ns, address: addresses[0]!, labels: p.store.get("Node", name)?.metadata.labels ?? {} };
}

/** Has the model do what waits for further changes. */
function putOff(p: Plane, { later }: BalancerModel): void {
  if (later !== undefined) p.enqueue(CONTROLLER.loadBalancer, "later all", later.delay);
}

/** What the model goes by has changed: addresses that are none of its any more are taken back, those that had none are looked for. */
function reconfigure(p: Plane, model: BalancerModel): void {
  for (const key of balanced(p)) {
    const given = givenOf(p, key)!;
    p.notes.set(note(key), Object.freeze<Given>({ ...given, told: null }));
    p.enqueue(CONTROLLER.loadBalancer, `service ${key}`, 0);
  }
  for (const name of [...p.notes.keys()].filter((each) => each.startsWith("retry/balancer/")).sort(compareText)) {
    p.enqueue(CONTROLLER.loadBalancer, `provision ${name.slice("retry/balancer/".length)}`, 0);
  }
  putOff(p, model);
}

/** One that is not for another implementation, and is not on its way out. */
function isWanted(service: Service | undefined): service is Service {
  return service !== undefined && service.spec.type === "LoadBalancer" && service.spec.loadBalancerClass === undefined && service.metadata.deletionTimestamp === undefined;
}

function follow(p: Plane, model: BalancerModel, key: string): void {
  const service = p.store.get("Service", key);
  const given = givenOf(p, key);
  if (!isWanted(service) || (given !== undefined && given.uid !== service.metadata.uid)) return clean(p, model, key, service);
  if (given !== undefined && model.keeps?.(doorOf(p, model), service, given.service.address) === false) {
    takeBack(p, model, given.service);
    p.store.update({ ...service, status: { ...service.status, loadBalancer: {} } });
    return p.enqueue(CONTROLLER.loadBalancer, `provision ${key}`, 0);
  }
  if (given !== undefined) return p.enqueue(CONTROLLER.loadBalancer, `targets ${key}`, 0);
  const { finalizer, begins } = model.words;
  const finalizers = service.metadata.finalizers ?? [];
  if (p.notes.has(`wish/${note(key)}`)) return;
  p.notes.set(`wish/${note(key)}`, service.metadata.uid);
  tell(p, service, begins);
  if (finalizer !== null && !finalizers.includes(finalizer)) p.store.update({ ...service, metadata: { ...service.metadata, finalizers: [...finalizers, finalizer] } });
  p.enqueue(CONTROLLER.loadBalancer, `provision ${key}`, model.delay);
}

function provision(p: Plane, model: BalancerModel, key: string): void {
  const service = p.store.get("Service", key);
  if (!isWanted(service) || givenOf(p, key) !== undefined) return;
  const address = model.address(doorOf(p, model), { service, taken: new Set(balanced(p).map((each) => givenOf(p, each)!.service.address)) });
  if (typeof address !== "string") return refuse(p, model, service, address);
  const ports = (service.spec.ports ?? []).map(({ protocol = "TCP", port, nodePort = 0 }) => ({ protocol, port, nodePort }));
  const made: Balanced = { key, address, ports, sticky: service.spec.sessionAffinity === "ClientIP", labels: service.metadata.labels ?? {}, nodes: [] };
  p.notes.delete(`retry/${note(key)}`);
  p.notes.set(note(key), Object.freeze<Given>({ uid: service.metadata.uid ?? "", service: made, told: null, eligible: null }));
  p.store.update({ ...service, status: { ...service.status, loadBalancer: { ingress: [{ ip: address, ipMode: model.ipMode }] } } });
  tell(p, service, model.words.given(address));
  p.enqueue(CONTROLLER.loadBalancer, `targets ${key}`, 0);
}

function refuse(p: Plane, model: BalancerModel, service: Service, { why }: AddressRefusal): void {
  const key = keyOf(service);
  tell(p, service, model.words.refused(key, why), "Warning");
  const before = (p.notes.get(`retry/${note(key)}`) as number | undefined) ?? 0;
  const wait = before === 0 ? FIRST_RETRY : Math.min(LONGEST_RETRY, before * 2);
  p.notes.set(`retry/${note(key)}`, wait);
  p.enqueue(CONTROLLER.loadBalancer, `provision ${key}`, wait, true);
}

function tell(p: Plane, service: Service, news: BalancerNews | null, type: "Normal" | "Warning" = "Normal"): void {
  if (news !== null) p.event(service, type, news.reason, news.message, news.source);
}

function takeBack(p: Plane, model: BalancerModel, service: Balanced): void {
  forgetChecks(p, service.key);
  model.remove(doorOf(p, model), service);
  p.notes.delete(note(service.key));
  putOff(p, model);
}

/** Gives back what a Service has that is to have nothing. */
function clean(p: Plane, model: BalancerModel, key: string, service: Service | undefined): void {
  const given = givenOf(p, key);
  if (given !== undefined) {
    if (service !== undefined) tell(p, service, model.words.ends);
    takeBack(p, model, given.service);
    if (service !== undefined) tell(p, service, model.words.ended);
  }
  const { finalizer } = model.words;
  const asked = p.notes.delete(`wish/${note(key)}`);
  p.notes.delete(`retry/${note(key)}`);
  if (service === undefined || (!asked && (finalizer === null || service.metadata.finalizers?.includes(finalizer) !== true))) return;
  const { finalizers = [], ...metadata } = service.metadata;
  const left = finalizers.filter((each) => each !== finalizer);
  p.store.update({ ...service, metadata: left.length === 0 ? metadata : { ...metadata, finalizers: left }, status: { ...service.status, loadBalancer: {} } });
  if (service.metadata.deletionTimestamp !== undefined && left.length === 0) forget(p, "Service", key);
  else p.enqueue(CONTROLLER.loadBalancer, `service ${key}`, p.delays.controller);
}

/** Nodes that a balancer may be told of at all. */
function isEligible(node: Node, local: boolean): boolean {
  if (node.metadata.labels?.[EXCLUDED] !== undefined || node.metadata.deletionTimestamp !== undefined) return false;
  if ((node.spec?.taints ?? []).some((taint) => taint.key === LEAVES)) return false;
  return local || (node.status?.conditions ?? []).some(({ type, status }) => type === "Ready" && status === "True");
}

/** Nodes with a ready endpoint of the Service, as the API tells it. */
function nodesWithEndpoints(p: Plane, key: string): ReadonlySet<string> {
  const slices = [...p.indexes.slicesOf.of(key)].flatMap((each) => p.store.get("EndpointSlice", each) ?? []);
  return new Set(slices.flatMap((slice) => slice.endpoints ?? []).flatMap(({ nodeName, conditions }) => (nodeName !== undefined && conditions?.ready !== false ? [nodeName] : [])));
}

function retarget(p: Plane, model: BalancerModel, key: string): void {
  const service = p.store.get("Service", key);
  const given = givenOf(p, key);
  if (!isWanted(service) || given === undefined) return;
  const local = service.spec.externalTrafficPolicy === "Local";
  const asks = model.check !== null && sendsChecks(p);
  const eligible = [...p.nodes.values()].filter(({ name }) => {
    const node = p.store.get("Node", name);
    return node !== undefined && isEligible(node, local);
  });
  if (asks) checkNodes(p, key, eligible.map(({ name }) => name));
  const serving = nodesWithEndpoints(p, key);
  const nodes = eligible.filter(({ name }) => {
    if (asks) return isHealthy(p, key, name);
    if (isSilent(p, name) || (model.check === null && serving.size === 0)) return false;
    return !local || serving.has(name);
  });
  const targets = nodes.map((node) => nodeOf(p, node));
  const ports = (service.spec.ports ?? []).map(({ protocol = "TCP", port, nodePort = 0 }) => ({ protocol, port, nodePort }));
  const next: Balanced = { ...given.service, ports, sticky: service.spec.sessionAffinity === "ClientIP", labels: service.metadata.labels ?? {}, nodes: targets };
  // Only what goes by objects of its own asks for labels.
  const told = JSON.stringify([ports, next.sticky, targets.map(({ name }) => name), ...(model.kinds === undefined ? [] : [next.labels, targets.map(({ labels }) => labels)])]);
  const hosts = eligible.map(({ name }) => name).join(" ");
  if (told === given.told && hosts === given.eligible) return;
  p.notes.set(note(key), Object.freeze<Given>({ ...given, service: next, told, eligible: hosts }));
  if (hosts !== given.eligible && model.words.moved !== null) {
    if (eligible.length === 0) p.event(service, "Warning", "UnAvailableLoadBalancer", "There are no available nodes for LoadBalancer", model.words.source);
    else if (given.eligible !== null) tell(p, service, model.words.moved);
  }
  if (told === given.told) return;
  for (const news of model.sync(doorOf(p, model), next)) tell(p, service, news);
  putOff(p, model);
}
