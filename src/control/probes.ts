/**
 * A kubelet's probes: each asks from its node's root namespace, as a program whose packets are as good as any. What the
 * answers say becomes readiness, or a restart. Read first: kubernetes `pkg/kubelet/prober/worker.go`.
 *
 * On clusters of more than 16 nodes or 200 pods no packet is sent unless it is asked for: a probe there looks at
 * whether the pod's programs listen on its port, and is not repeated after it has succeeded.
 */
import type { Container, Pod, Probe } from "../api/index.js";
import { PROTO } from "../base/codes.js";
import { SECOND } from "../base/time.js";
import { killApp, launch, reap } from "../linux/sock/app.js";
import { TCP_STATE } from "../linux/sock/socket-table.js";
import type { ProbeArguments, ProbeResult } from "../models/app/prober.js";
import { endContainer } from "./container-end.js";
import { changeContainer, lastingContainers, proberWork, reportContainers, startContainer } from "./containers.js";
import { isSilent } from "./node-lifecycle.js";
import { type Controller, CONTROLLER, type Plane } from "./plane.js";
import { isJobs } from "./pod-state.js";
import { type ContainerRun, type PodRun, type ProbeKind, PROBES, type Tally } from "./pod-run.js";
import { stoppedCode } from "./programs.js";
import { keyOf } from "./store.js";

const MOST_NODES = 16;
const MOST_PODS = 200;
const FIELD = Object.freeze({ startup: "startupProbe", readiness: "readinessProbe", liveness: "livenessProbe" } as const);
const WORD = Object.freeze({ startup: "Startup", readiness: "Readiness", liveness: "Liveness" } as const);

interface Asked {
  readonly pod: Pod;
  readonly run: PodRun;
  readonly spec: Container;
  readonly at: number;
  readonly kind: ProbeKind;
  readonly probe: Probe;
}

export const prober: Controller = {
  number: CONTROLLER.prober,

  watch(): void {},

  sync(p: Plane, work: string): void {
    const [key, uid, place, what] = work.split(" ") as [string, string, string, ProbeKind | "restart" | "exit"];
    const run = p.run(uid);
    const pod = p.store.get("Pod", key);
    const at = Number(place);
    const container = run?.containers[at];
    if (run === undefined || container === undefined || pod?.metadata.uid !== uid || isSilent(p, run.node)) return;
    const spec = lastingContainers(pod)[at];
    if (spec === undefined) return;
    if (what === "restart") return restart(p, pod, run, at);
    if (what === "exit") return exit(p, pod, run, at);
    const probe = spec[FIELD[what]];
    if (probe === undefined || container.down) return;
    // A kubelet goes on asking for readiness while a pod ends, and for nothing else.
    if (run.stage !== "running" && !(run.stage === "stopping" && what === "readiness")) return;
    const asked: Asked = { pod, run, spec, at, kind: what, probe };
    const app = container.tallies[what]?.app ?? 0;
    if (app === 0) ask(p, asked);
    else hear(p, asked, app);
  },
};

/** A probe's program has an answer. */
export function probeEnded(p: Plane, app: number): void {
  const work = p.notes.get(note(app)) as string | undefined;
  if (work === undefined) reap(p.s, app);
  else p.hasten(CONTROLLER.prober, work);
}

/** Starts the probes of a container that has just been started. */
export function startProbes(p: Plane, pod: Pod, run: PodRun, at: number): void {
  const spec = lastingContainers(pod)[at]!;
  for (const kind of PROBES) {
    const probe = spec[FIELD[kind]];
    if (probe === undefined || (kind !== "startup" && spec.startupProbe !== undefined)) continue;
    const wait = p.delays.firstProbe + (probe.initialDelaySeconds ?? 0) * SECOND;
    p.enqueue(CONTROLLER.prober, proberWork(pod, at, kind), wait, isIdle({ pod, run, spec, at, kind, probe }));
  }
}

/** What a kubelet does about a running pod when it returns. */
export function resumeProbes(p: Plane, pod: Pod, run: PodRun): void {
  run.containers.forEach((container, at) => {
    for (const kind of PROBES) {
      const app = container.tallies[kind]?.app ?? 0;
      if (app !== 0) {
        p.notes.delete(note(app));
        killApp(p.s, app);
      }
      const tally = container.tallies[kind];
      if (tally !== undefined) keep(p, run.uid, at, kind, { ...tally, app: 0 });
    }
    if (container.down && !container.again) return;
    if (container.down) p.enqueue(CONTROLLER.prober, proberWork(pod, at, "restart"), p.delays.kubelet);
    else {
      startProbes(p, pod, run, at);
      if (container.ends !== null) p.enqueue(CONTROLLER.prober, proberWork(pod, at, "exit"), 0);
    }
  });
}

function note(app: number): string {
  return `probe/${app}`;
}

/** Nobody need wait for a probe that has had its first verdict, nor for liveness. */
function isIdle({ run, at, kind, probe }: Asked): boolean {
  const container = run.containers[at]!;
  const tally = container.tallies[kind];
  if (kind === "liveness" || run.readySince >= 0 || container.restarts > 0) return true;
  return tally !== undefined && (kind === "readiness" && container.ready ? true : !tally.ok && tally.run >= (probe.failureThreshold ?? 3));
}

function sendsPackets(p: Plane): boolean {
  return p.options.probes === undefined ? p.options.nodes.length <= MOST_NODES && p.store.count("Pod") <= MOST_PODS : p.options.probes === "packets";
}

function ask(p: Plane, asked: Asked): void {
  const { pod, run, at, kind, probe } = asked;
  const args = question(asked);
  if (args === null) return judge(p, asked, execAnswer(probe));
  if (typeof args === "string") return judge(p, asked, { ok: false, text: args });
  if (!sendsPackets(p)) return judge(p, asked, listens(p, run, args));
  const node = p.nodes.get(run.node);
  if (node === undefined) return;
  const work = proberWork(pod, at, kind);
  const app = launch(p.s, node.ns, "probe", args as unknown as Readonly<Record<string, unknown>>, p.causeOf("kubelet", `Pod ${keyOf(pod)}`, `spec.containers[${at}].${FIELD[kind]}`));
  const tally = run.containers[at]!.tallies[kind];
  keep(p, run.uid, at, kind, { app, ok: tally?.ok ?? false, run: tally?.run ?? 0 });
  p.notes.set(note(app), work);
  // It ends by itself at its timeout; this is for one that never does.
  const over = p.s.app.apps.get(app)?.exit !== undefined ? 0 : args.timeout + SECOND;
  p.enqueue(CONTROLLER.prober, work, over, isIdle(asked));
}

/** What is asked of whom; null for a command, a text where the probe cannot be asked. */
function question({ run, spec, probe }: Asked): ProbeArguments | string | null {
  const { httpGet, tcpSocket, grpc } = probe;
  const action = httpGet ?? tcpSocket ?? grpc;
  if (action === undefined) return null;
  const port = typeof action.port === "number" ? action.port : spec.ports?.find(({ name }) => name === action.port)?.containerPort;
  if (port === undefined) return `invalid probe: couldn't find port: "${action.port}"`;
  const path = httpGet?.path ?? "/";
  const host = httpGet?.host ?? tcpSocket?.host ?? "";
  return {
    kind: httpGet === undefined ? "tcp" : "http",
    host: host === "" ? (run.ips[0] ?? "") : host,
    port,
    path: path.startsWith("/") ? path : `/${path}`,
    scheme: httpGet?.scheme ?? "HTTP",
    headers: (httpGet?.httpHeaders ?? []).map(({ name, value }) => [name, value] as const),
    timeout: (probe.timeoutSeconds ?? 1) * SECOND,
  };
}

/** podwire runs no commands of images: they succeed, but for those that plainly do not. */
function execAnswer(probe: Probe): ProbeResult {
  const command = (probe.exec?.command ?? []).join(" ");
  const ok = !/^(\/bin\/|\/usr\/bin\/)?false$/.test(command) && !/^(\/bin\/)?(ba|a)?sh -c exit [1-9]\d*$/.test(command);
  return { ok, text: "" };
}

function listens(p: Plane, run: PodRun, { host, port, kind, path }: ProbeArguments): ProbeResult {
  const socket = p.s.sock.findBound(run.ns, PROTO.TCP, p.s.book.ofText(host), port);
  if (socket !== 0 && p.s.sock.rows.c.state[socket] === TCP_STATE.listen) return { ok: true, text: "" };
  const dial = `dial tcp ${host}:${port}: connect: connection refused`;
  return { ok: false, text: kind === "tcp" ? dial : `Get "http://${host}:${port}${path}": ${dial}` };
}

function hear(p: Plane, asked: Asked, app: number): void {
  const info = p.s.app.apps.get(app);
  const result = info?.exit === undefined ? { ok: false, text: "command timed out" } : (info.state as unknown as ProbeResult);
  p.notes.delete(note(app));
  if (info?.exit === undefined) killApp(p.s, app);
  else reap(p.s, app);
  judge(p, asked, result);
}

function judge(p: Plane, asked: Asked, { ok, text }: ProbeResult): void {
  const { pod, run, spec, at, kind, probe } = asked;
  const before = run.containers[at]!.tallies[kind];
  const tally: Tally = { app: 0, ok, run: before !== undefined && before.ok === ok ? before.run + 1 : 1 };
  keep(p, run.uid, at, kind, tally);
  if (!ok) p.event(pod, "Warning", "Unhealthy", `${WORD[kind]} probe failed: ${text}`, "kubelet", run.node);
  const counts = tally.run >= (ok ? (probe.successThreshold ?? 1) : (probe.failureThreshold ?? 3));
  if (counts && kind === "startup" && ok) return serve(p, asked, { started: true });
  if (counts && kind !== "readiness" && !ok) return endContainer(p, pod, run.uid, at, { failed: kind, code: stoppedCode(pod, spec) });
  if (counts && kind === "readiness" && run.containers[at]!.ready !== ok) serve(p, asked, { ready: ok });
  if (ok && !sendsPackets(p) && tally.run >= (probe.successThreshold ?? 1)) return;
  const now = { ...asked, run: p.run(run.uid)! };
  p.enqueue(CONTROLLER.prober, proberWork(pod, at, kind), (probe.periodSeconds ?? 10) * SECOND, isIdle(now));
}

function keep(p: Plane, uid: string, at: number, kind: ProbeKind, tally: Tally): void {
  changeContainer(p, uid, at, (container) => ({ tallies: Object.freeze({ ...container.tallies, [kind]: tally }) }));
}

/** A container has become ready, or unready, or its start is over. */
function serve(p: Plane, { pod, run, spec, at }: Asked, what: Partial<Pick<ContainerRun, "started" | "ready">>): void {
  const next = changeContainer(p, run.uid, at, () => what);
  for (const kind of what.started === true ? (["readiness", "liveness"] as const) : []) {
    const probe = spec[FIELD[kind]];
    if (probe === undefined) continue;
    p.enqueue(CONTROLLER.prober, proberWork(pod, at, kind), (probe.initialDelaySeconds ?? 0) * SECOND, isIdle({ pod, run: next, spec, at, kind, probe }));
  }
  reportContainers(p, pod, next);
}

function restart(p: Plane, pod: Pod, run: PodRun, at: number): void {
  const old = run.containers[at]!;
  if (!old.again || run.stage !== "running") return;
  const fresh = startContainer(p, pod, run.ns, run.node, at);
  const next = changeContainer(p, run.uid, at, () => ({ ...fresh, restarts: old.restarts + 1, lastWait: old.lastWait }));
  reportContainers(p, pod, next);
  startProbes(p, pod, p.run(run.uid)!, at);
}

/** A container's program comes to its own end; one that was started again meanwhile has its time before it. */
function exit(p: Plane, pod: Pod, run: PodRun, at: number): void {
  const container = run.containers[at]!;
  const { ends } = container;
  if (ends === null || container.down || run.stage !== "running") return;
  const left = container.since + ends.after - p.now;
  if (left > 0) p.enqueue(CONTROLLER.prober, proberWork(pod, at, "exit"), left, !isJobs(pod));
  else endContainer(p, pod, run.uid, at, { failed: null, code: ends.code });
}
