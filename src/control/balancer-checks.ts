/**
 * A load balancer's health checks: an HTTP question to each node, sent as a packet from where the balancer stands. On clusters
 * of more than 16 nodes none is sent, and the balancer goes by what the API tells.
 */
import type { Service } from "../api/index.js";
import { killApp, launch, reap } from "../linux/sock/app.js";
import type { BalancerModel } from "../models/balancer/balancer-model.js";
import type { ProbeArguments, ProbeResult } from "../models/app/prober.js";
import { PROXY_HEALTH_PORT } from "../models/proxy/health-program.js";
import { CONTROLLER, type Plane } from "./plane.js";
import { keyOf } from "./store.js";

const MOST_NODES = 16;

/** What a balancer thinks of a node. */
interface Opinion {
  readonly healthy: boolean;
  /** answers in a row that say otherwise */
  readonly against: number;
  /** the program that asks now, 0 while none does */
  readonly app: number;
  /** it has had an answer */
  readonly known: boolean;
}

/** One node to be asked for one Service. */
export interface Checked {
  readonly model: BalancerModel;
  readonly ns: number;
  readonly service: Service;
  readonly node: string;
  readonly address: string;
}

/** Whether balancers ask by packets. */
export function sendsChecks(p: Plane): boolean {
  return p.options.probes === undefined ? p.options.nodes.length <= MOST_NODES : p.options.probes === "packets";
}

function note(key: string, node: string): string {
  return `balancer-check/${key}/${node}`;
}

function asking(app: number): string {
  return `balancer-asks/${app}`;
}

/** Whether traffic for the Service may be sent to the node. */
export function isHealthy(p: Plane, key: string, node: string): boolean {
  return (p.notes.get(note(key, node)) as Opinion | undefined)?.healthy === true;
}

/** These nodes are asked from now on, and no others. */
export function checkNodes(p: Plane, key: string, nodes: readonly string[]): void {
  const prefix = note(key, "");
  for (const name of [...p.notes.keys()]) if (name.startsWith(prefix) && !nodes.includes(name.slice(prefix.length))) endCheck(p, name);
  for (const node of nodes) {
    if (p.notes.has(note(key, node))) continue;
    p.notes.set(note(key, node), Object.freeze<Opinion>({ healthy: false, against: 0, app: 0, known: false }));
    p.enqueue(CONTROLLER.loadBalancer, `check ${key} ${node}`, 0);
  }
}

/** Nobody is asked about the Service any more. */
export function forgetChecks(p: Plane, key: string): void {
  checkNodes(p, key, []);
}

function endCheck(p: Plane, name: string): void {
  const { app } = p.notes.get(name) as Opinion;
  if (app !== 0) {
    p.notes.delete(asking(app));
    killApp(p.s, app);
  }
  p.notes.delete(name);
}

/** Asks, or hears the answer to what was asked. */
export function runCheck(p: Plane, checked: Checked): void {
  const key = keyOf(checked.service);
  const opinion = p.notes.get(note(key, checked.node)) as Opinion | undefined;
  if (opinion === undefined) return;
  if (opinion.app === 0) ask(p, checked, opinion);
  else hear(p, checked, opinion);
}

/** A balancer's question has its answer; false if the program asked nothing for a balancer. */
export function checkEnded(p: Plane, app: number): boolean {
  const work = p.notes.get(asking(app)) as string | undefined;
  if (work !== undefined) p.hasten(CONTROLLER.loadBalancer, work);
  return work !== undefined;
}

function ask(p: Plane, { model, ns, service, node, address }: Checked, opinion: Opinion): void {
  const key = keyOf(service);
  const { timeout } = model.check!;
  const local = service.spec.externalTrafficPolicy === "Local";
  const port = local ? (service.spec.healthCheckNodePort ?? PROXY_HEALTH_PORT) : PROXY_HEALTH_PORT;
  const args: ProbeArguments = { kind: "http", host: address, port, path: local ? "/" : "/healthz", scheme: "HTTP", headers: [], timeout };
  const work = `check ${key} ${node}`;
  const app = launch(p.s, ns, "probe", { ...args }, p.causeOf(model.name, `Service ${key}`, local ? "spec.healthCheckNodePort" : "spec"));
  p.notes.set(note(key, node), Object.freeze<Opinion>({ ...opinion, app }));
  p.notes.set(asking(app), work);
  const over = p.s.app.apps.get(app)?.exit !== undefined ? 0 : timeout + 1;
  p.enqueue(CONTROLLER.loadBalancer, work, over, opinion.known);
}

function hear(p: Plane, { model, service, node }: Checked, opinion: Opinion): void {
  const key = keyOf(service);
  const { interval, failures, passes } = model.check!;
  const info = p.s.app.apps.get(opinion.app);
  const ok = info?.exit !== undefined && (info.state as unknown as ProbeResult).ok;
  p.notes.delete(asking(opinion.app));
  if (info?.exit === undefined) killApp(p.s, opinion.app);
  else reap(p.s, opinion.app);
  const against = ok === opinion.healthy ? 0 : opinion.against + 1;
  const turns = against >= (ok ? passes : failures);
  p.notes.set(note(key, node), Object.freeze<Opinion>({ healthy: turns ? ok : opinion.healthy, against: turns ? 0 : against, app: 0, known: true }));
  if (turns) p.enqueue(CONTROLLER.loadBalancer, `targets ${key}`, 0);
  p.enqueue(CONTROLLER.loadBalancer, `check ${key} ${node}`, interval, true);
}
