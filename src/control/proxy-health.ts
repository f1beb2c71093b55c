/** What load balancers may ask a node's kube-proxy: the listeners that follow its view, and their answers. */
import { killApp, launch } from "../linux/sock/app.js";
import { answerHealthCheck, healthChecks } from "../models/proxy/health-check.js";
import { type HealthAnswer, type HealthListener, PROXY_HEALTH_PORT } from "../models/proxy/health-program.js";
import type { Family } from "../models/proxy/sloppy-address.js";
import type { ProxyView } from "../models/proxy/view.js";
import type { PlaneNode } from "./options.js";
import type { Plane } from "./plane.js";
import { timeText } from "./time-text.js";

const AUTOSCALER = "ToBeDeletedByClusterAutoscaler";

interface Listening {
  readonly listener: HealthListener;
  readonly app: number;
}

/** Opens and closes a node's ports, so that they are those of the view. */
export function listenForHealth(p: Plane, node: PlaneNode, view: ProxyView, family: Family): void {
  const note = `proxy-health/${node.name}`;
  const held = (p.notes.get(note) as readonly Listening[] | undefined) ?? [];
  const checks = healthChecks(view, { family, name: node.name });
  const wanted: readonly HealthListener[] = [
    { node: node.name, service: "", port: PROXY_HEALTH_PORT },
    ...checks.map(({ namespace, name, nodePort }) => ({ node: node.name, service: `${namespace}/${name}`, port: nodePort })),
  ];
  const same = (x: HealthListener, y: HealthListener): boolean => x.service === y.service && x.port === y.port;
  const kept = held.filter((each) => wanted.some((one) => same(one, each.listener)));
  if (kept.length === held.length && kept.length === wanted.length) return;
  for (const each of held) if (!kept.includes(each)) killApp(p.s, each.app);
  const opened = wanted.flatMap((listener): Listening[] => {
    if (kept.some((each) => same(each.listener, listener))) return [];
    const cause = listener.service === "" ? 0 : p.causeOf("kube-proxy", `Service ${listener.service}`, "spec.healthCheckNodePort");
    return [{ listener, app: launch(p.s, node.ns, "kube-proxy-health", { ...listener }, cause) }];
  });
  p.notes.set(note, Object.freeze([...kept, ...opened]));
}

/** The answer of a node's proxy that last synced at `lastRun` with this view. */
export function answerHealth(p: Plane, { node, service }: HealthListener, path: string, family: Family, view: ProxyView | undefined, lastRun: number): HealthAnswer {
  const check = service === "" || view === undefined ? undefined : healthChecks(view, { family, name: node }).find((each) => `${each.namespace}/${each.name}` === service);
  if (check !== undefined) return answerHealthCheck(check, true);
  if (service !== "" || (path !== "/healthz" && path !== "/livez")) return { status: 404, headers: [["Content-Type", "text/plain; charset=utf-8"]], body: "404 page not found\n" };
  const held = p.store.get("Node", node);
  const leaves = held === undefined || held.metadata.deletionTimestamp !== undefined || (held.spec?.taints ?? []).some((taint) => taint.key === AUTOSCALER);
  const body = { lastUpdated: timeText(p.epoch, lastRun), currentTime: p.time(), nodeEligible: !leaves };
  return {
    status: leaves && path === "/healthz" ? 503 : 200,
    headers: [["Content-Type", "application/json"], ["X-Content-Type-Options", "nosniff"]],
    body: JSON.stringify(body),
  };
}
