/**
 * A cluster: nodes on a fabric, a control plane over them, and one clock. What most programs import.
 *
 * A cluster is a pure function of (version, options, seed, commands). `fork` gives an independent copy of this instant;
 * `ask` answers a question in a fork that is thrown away, so asking changes nothing.
 */
import { admitManifests, admitObjects, type Kind, type KubeObject, type Located, type ManifestFile, type ObjectOfKind, readManifests, readObjects } from "../api/index.js";
import type { Problem } from "../base/problem.js";
import { MINUTE, SECOND } from "../base/time.js";
import { ControlPlane } from "../control/control-plane.js";
import { defaultProgram } from "../control/programs.js";
import type { Checkpoint } from "../engine/checkpoint.js";
import { launch } from "../linux/sock/app.js";
import type { Act } from "../linux/plumbing/act.js";
import { plumb } from "../linux/plumbing.js";
import type { Stack } from "../linux/stack.js";
import { client, type ClientResult } from "../models/app/client.js";
import { dig } from "../models/app/dig.js";
import { curl } from "../models/app/curl.js";
import { nameLookup } from "../models/app/name-lookup.js";
import { nc } from "../models/app/nc.js";
import { nslookup } from "../models/app/nslookup.js";
import { formatResolvConf } from "../models/dns/resolv-conf.js";
import { prober } from "../models/app/prober.js";
import { relay } from "../models/app/relay.js";
import { server } from "../models/app/server.js";
import { wget } from "../models/app/wget.js";
import { METALLB_PROGRAMS } from "../models/balancer/metallb.js";
import { speakersSettled } from "../models/bgp/converged.js";
import { coreDns } from "../models/dns/coredns.js";
import { nodeCache } from "../models/dns/node-cache.js";
import { upstreamDns } from "../models/dns/upstream.js";
import { proxyHealth } from "../models/proxy/health-program.js";
import { Kubectl } from "../shell/kubectl/index.js";
import { type Output, Shell, SHELL_PROGRAMS } from "../shell/index.js";
import { splitWords } from "../shell/words.js";
import { inputOf } from "./apply-input.js";
import { balancerOf } from "./balancer-of.js";
import { cniOf } from "./cni-of.js";
import { dnsSource } from "./dns-of.js";
import { enforceOf } from "./enforce-of.js";
import { buildFabric, type Fabric, FABRIC_MACHINE, INTERNET_MACHINE } from "./fabric.js";
import { withNodePeers } from "./fabric-peers.js";
import { inputError } from "./input-error.js";
import { kubectlSource } from "./kubectl-source.js";
import { type ClusterOptions, type ClusterPlan, planCluster } from "./options.js";
import { type Command, type Rewindable, Timeline } from "./timeline.js";
import { type ProbeQuery, runProbe } from "./probe.js";
import { record, type Recording } from "./recording.js";
import { isBusybox, isTool, namesOf, resolvConfOf, runTool, type ToolPlace } from "./pod-tools.js";
import { createWorld, type World } from "./world.js";

/** A question about a cluster: it may do what it likes to the fork it is given. */
export interface Question<T> {
  /** Called with a fork that is thrown away afterwards. */
  answer(fork: Cluster): T;
}

/** What `settle` found. */
export interface Settled {
  /** false: the control plane was still busy when the limit was reached */
  readonly settled: boolean;
  /** ns since boot */
  readonly time: number;
}

/** How long in virtual time `settle` waits for a control plane to come to rest. */
const SETTLE_LIMIT: number = 10 * MINUTE;
/** Steps of a recording that are kept unless said otherwise. */
const STEPS_KEPT: number = 1 << 16;
/** How often `settle` looks at routing daemons. */
const SPEAKERS_STRIDE: number = SECOND / 10;
/** Events between two calls of a progress function. */
const PROGRESS_STRIDE = 20_000;

/** A running cluster; made by `createCluster`. */
export class Cluster implements Rewindable<Cluster> {
  readonly plan: ClusterPlan;
  readonly world: World;
  readonly fabric: Fabric;
  readonly control: ControlPlane;
  readonly timeline: Timeline<Cluster>;

  /** Use `createCluster`. @internal */
  constructor(plan: ClusterPlan) {
    this.plan = plan;
    const programs = [server, client, upstreamDns, coreDns(dnsSource(() => this.control)), nodeCache, prober((app) => this.control.probeEnded(app)), proxyHealth((listener, path) => this.control.proxyHealth(listener, path)), relay, ...METALLB_PROGRAMS, nslookup, wget, dig, curl, nc, nameLookup, ...SHELL_PROGRAMS];
    this.world = createWorld(plan.seed, programs);
    const { stack } = this.world;
    const built = buildFabric(stack, plan.nodes.map((node) => node.name), plan.fabric, plan.podSubnets.some((subnet) => subnet.includes(":")));
    this.fabric = withNodePeers(stack, built, plan);
    this.control = this.makeControl();
    this.world.checkpoints.add({
      name: "control",
      save: () => this.control.save(),
      restore: (state) => this.control.restore(state as never),
      fold: (digest) => this.control.fold(digest),
    });
    this.timeline = new Timeline<Cluster>(this);
  }

  /** ns since boot. */
  get now(): number {
    return this.world.engine.now;
  }

  /** The simulated kernels, for reading. */
  get stack(): Stack {
    return this.world.stack;
  }

  /** Equal for equal histories: 16 hexadecimal digits over all state. */
  fingerprint(): string {
    return this.world.checkpoints.fingerprint();
  }

  /** Reads, checks and applies YAML text, files or plain objects. Nothing is applied when any problem is an error. */
  apply(input: string | readonly ManifestFile[] | readonly object[], options: { readonly strict?: boolean } = {}): readonly Problem[] {
    this.timeline.note("apply", [input, options]);
    const { files, objects } = inputOf(input);
    const read = files !== null ? readManifests(files, options) : readObjects(objects, options);
    if (read.problems.some((problem) => problem.severity === "error")) return (files !== null ? admitManifests(files, options) : admitObjects(objects, options)).problems;
    return [...read.problems, ...this.control.apply(read.objects)];
  }

  /** Applies objects that were read already. */
  applyLocated(objects: readonly Located[]): readonly Problem[] {
    this.timeline.note("applyLocated", [objects]);
    return this.control.apply(objects);
  }

  /** Stores an object in the place of the one of its name: what it does not say is gone, but for its status. */
  replaceLocated(object: Located): readonly Problem[] {
    this.timeline.note("replaceLocated", [object]);
    return this.control.replace(object);
  }

  /** Deletes an object as `kubectl delete` asks for it; false if there is none. `grace` in seconds, 0 forces. */
  delete(kind: Kind, namespace: string, name: string, grace?: number): boolean {
    this.timeline.note("delete", [kind, namespace, name, grace]);
    return this.control.delete(kind, namespace, name, grace);
  }

  /** Sets the replicas of a workload; undefined, or why not. */
  scale(kind: Kind, namespace: string, name: string, replicas: number): { readonly reason: string; readonly message: string } | undefined {
    const object = this.get(kind, namespace, name);
    if (object === undefined) return { reason: "NotFound", message: `${kind} "${name}" not found` };
    if (!("spec" in object) || object.spec === undefined || !("replicas" in object.spec)) return { reason: "NotFound", message: "the server could not find the requested resource" };
    const scaled = { ...object, spec: { ...object.spec, replicas } } as KubeObject;
    const [problem] = this.replaceLocated({ object: scaled, source: this.control.sourceOf(`${kind} ${namespace}/${name}`) ?? { file: "", line: 0, places: {} } });
    return problem === undefined ? undefined : { reason: "Invalid", message: problem.message };
  }

  /**
   * Runs a command of the field's tools in a pod ("ns/pod", "pod"), on a node ("node/NAME"), on the switch and router under
   * the nodes ("fabric"), on a router of racks ("router/leaf1") or on the host behind them ("internet"): `ip route`, `iptables-save`,
   * `ping -c1 10.96.0.1` ... What it does, happens; what it takes, passes.
   */
  exec(where: string, command: string | readonly string[], stdin = ""): Output {
    const ns = this.netnsOf(where);
    this.timeline.note("exec", [where, command, stdin]);
    this.control.flush(this.placeOf(ns).node);
    const words = typeof command === "string" ? splitWords(command) : command;
    const place: ToolPlace = { ns, ...this.toolsOf(where) };
    const shell = new Shell(this.stack, ns, ns, { names: namesOf(this.world, place), busybox: isBusybox(place.image), file: (path) => (path === "/etc/resolv.conf" ? formatResolvConf(place.resolv) : null), program: (typed) => (isTool(typed) ? runTool(this.world, place, typed) : null) });
    return words === null ? shell.run(command as string, stdin) : shell.runWords(words, stdin);
  }

  /** What models have done on a node so far, in order, up to 16 nodes, for `transcriptText` of podwire/observe. Throws an InputError where there is no such node. */
  transcript(node: string): readonly Act[] {
    this.netnsOf(`node/${node}`);
    this.control.flush(node);
    return this.control.transcript(node);
  }

  /** Opens one connection as a program in a pod or on a node: names are asked, time passes, and the answer is what it was told. */
  probe(probe: ProbeQuery): ClientResult {
    const ns = this.netnsOf(probe.from);
    this.timeline.note("probe", [probe]);
    this.control.flush(this.placeOf(ns).node);
    return runProbe(this.world, ns, this.toolsOf(probe.from).resolv, probe);
  }

  /** Records what happens to packets from now on, the last `limit` steps of it; podwire/observe makes captures of it. Recording changes nothing. */
  observe(limit: number = STEPS_KEPT): Recording {
    return record(this.stack, limit);
  }

  /** Runs a kubectl command line: `get pods -A -o wide`. */
  kubectl(command: string | readonly string[], input?: string): Output {
    return new Kubectl(kubectlSource(this)).run(command, input);
  }

  /** Runs until the control plane has nothing left to do. */
  settle(options: { readonly limit?: number; readonly onProgress?: (time: number, events: number) => void } = {}): Settled {
    const { engine } = this.world;
    const end = engine.now + (options.limit ?? SETTLE_LIMIT);
    for (let events = 0; !this.control.settled(); events++) {
      if (engine.nextTime() > end || !engine.step()) break;
      if (events % PROGRESS_STRIDE === PROGRESS_STRIDE - 1) options.onProgress?.(engine.now, events);
    }
    // Then the routers and nodes that speak BGP: sessions take seconds to stand.
    while (this.control.settled() && !speakersSettled(this.stack) && engine.now < end) engine.run(Math.min(end, engine.now + SPEAKERS_STRIDE));
    return { settled: this.control.settled(), time: engine.now };
  }

  /** Runs to an instant (ns since boot) that is not in the past. */
  runTo(time: number): void {
    this.world.engine.run(time);
  }

  /** Runs for so many ns. */
  run(duration: number): void {
    this.runTo(this.now + duration);
  }

  /** The objects of a kind, by namespace and name. */
  objects<K extends Kind>(kind: K): readonly ObjectOfKind<K>[] {
    return this.control.objects(kind);
  }

  /** One object, undefined if there is none; `namespace` is empty for what lives in none. */
  get<K extends Kind>(kind: K, namespace: string, name: string): ObjectOfKind<K> | undefined {
    return this.control.get(kind, namespace, name);
  }

  /** Answers a question in a fork; this cluster stays as it is. */
  ask<T>(question: Question<T>): T {
    return question.answer(this.fork());
  }

  /** An independent cluster with the same past. */
  fork(): Cluster {
    const copy = new Cluster(this.plan);
    copy.restore(this.checkpoint());
    return copy;
  }

  /** All state as plain data. */
  checkpoint(): Checkpoint {
    return this.world.checkpoints.checkpoint();
  }

  /** Goes back to a checkpoint of a cluster of the same options. */
  restore(checkpoint: Checkpoint): void {
    this.world.checkpoints.restore(checkpoint);
  }

  /** Carries out a logged command again. */
  replay(command: Command): void {
    if (command.verb === "apply") this.apply(command.args[0] as string, command.args[1] as object);
    else if (command.verb === "applyLocated") this.applyLocated(command.args[0] as readonly Located[]);
    else if (command.verb === "replaceLocated") this.replaceLocated(command.args[0] as Located);
    else if (command.verb === "delete") this.delete(command.args[0] as Kind, command.args[1] as string, command.args[2] as string, command.args[3] as number | undefined);
    else if (command.verb === "probe") this.probe(command.args[0] as ProbeQuery);
    else if (command.verb === "exec") this.exec(command.args[0] as string, command.args[1] as string, command.args[2] as string);
  }

  private toolsOf(where: string): Omit<ToolPlace, "ns"> {
    const node = { nameservers: [this.fabric.gateway], search: [], options: {} };
    const [namespace, name] = where.includes("/") ? (where.split("/") as [string, string]) : ["default", where];
    const pod = namespace === "node" ? undefined : this.get("Pod", namespace, name);
    if (pod === undefined) return { resolv: node, image: "" };
    return { resolv: resolvConfOf(pod, this.plan.dns.clusterDns, node), image: pod.spec.containers[0]?.image ?? "" };
  }

  private netnsOf(where: string): number {
    if (where === "internet") return this.fabric.internet;
    if (where === "fabric") return this.fabric.ns;
    if (where.startsWith("router/")) {
      const router = this.fabric.speakers.find((one) => one.name === where.slice(7));
      if (router === undefined) throw inputError("not-found", "", `routers "${where.slice(7)}" not found`, this.fabric.speakers.length === 0 ? "a fabric of one segment has none" : `routers are ${this.fabric.speakers.map((one) => one.name).join(", ")}`);
      return router.ns;
    }
    if (where.startsWith("node/")) {
      const node = this.fabric.nodes.find((one) => one.name === where.slice(5));
      if (node === undefined) throw inputError("not-found", "", `nodes "${where.slice(5)}" not found`);
      return node.ns;
    }
    const pod = where.includes("/") ? where : `default/${where}`;
    const ns = this.control.podNetns(pod);
    if (ns === 0) throw inputError("not-found", "", `pods "${pod.slice(pod.indexOf("/") + 1)}" not found, or it does not run`);
    return ns;
  }

  /** Machine and namespace as people name them: a pod's namespace by its pod. */
  placeOf(ns: number): { readonly node: string; readonly netns: string } {
    const machine = this.stack.ns.c.node[ns]!;
    const name = this.stack.nsInfo.get(ns)?.name ?? "";
    if (machine === FABRIC_MACHINE) return { node: "fabric", netns: name };
    if (machine === INTERNET_MACHINE) return { node: "internet", netns: "internet" };
    const node = this.fabric.nodes[machine - 1]?.name ?? "";
    const pod = this.control.podOfNetns(ns);
    return { node, netns: pod ?? name };
  }

  private makeControl(): ControlPlane {
    const { plan, fabric } = this;
    const balancer = balancerOf(plan, fabric.gateway);
    const control = new ControlPlane(this.stack, {
      nodes: plan.nodes.map((node, i) => ({
        name: node.name,
        role: node.role,
        ns: fabric.nodes[i]!.ns,
        addresses: plan.podSubnets.map((subnet) => (subnet.includes(":") ? fabric.nodes[i]!.address6! : fabric.nodes[i]!.address)),
        uplink: "eth0",
        ...(node.labels === undefined && fabric.nodes[i]!.labels === undefined ? {} : { labels: { ...fabric.nodes[i]!.labels, ...node.labels } }),
        ...(node.role === "control-plane" && plan.nodes.length > 1 ? { taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" as const }] } : {}),
      })),
      clusterCidrs: plan.podSubnets,
      serviceCidrs: plan.serviceSubnets,
      dnsIp: plan.dnsIp,
      ...(plan.dns.nodeLocal === null ? {} : { nodeLocalDns: plan.dns.nodeLocal }),
      cni: cniOf(plan, fabric.nodes),
      proxy: { mode: plan.proxy, ...plan.ipvs },
      enforce: enforceOf(plan),
      ...(balancer === undefined ? {} : { balancer }),
      fabric: fabric.ns,
      delays: plan.delays,
      systemPods: plan.systemPods,
      program: (pod, container) => {
        const choice = defaultProgram(pod, container);
        return choice?.program === "coredns" || choice?.program === "node-cache" ? { ...choice, args: { ...choice.args, upstream: plan.podSubnets[0]!.includes(":") ? fabric.gateway6 : fabric.gateway } } : choice;
      },
    });
    for (const node of fabric.nodes) {
      plumb(this.stack, { verb: "sysctl", ns: node.ns, key: "net.bridge.bridge-nf-call-iptables", value: plan.bridgeNf ? "1" : "0" });
      if (node.address6 !== undefined) plumb(this.stack, { verb: "sysctl", ns: node.ns, key: "net.bridge.bridge-nf-call-ip6tables", value: plan.bridgeNf ? "1" : "0" });
    }
    launch(this.stack, fabric.ns, "upstream-dns", { names: plan.outsideNames });
    return control;
  }
}

/**
 * Makes a cluster at the instant of its boot; `settle` runs it until it is up. Throws an InputError when options are wrong.
 *
 * @example
 * ```ts
 * import { createCluster } from "podwire";
 * const cluster = createCluster({ nodes: 3 });
 * cluster.settle();
 * console.log(cluster.objects("Node").length); // => 3
 * ```
 */
export function createCluster(options: ClusterOptions = {}): Cluster {
  return new Cluster(planCluster(options));
}
