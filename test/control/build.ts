/** A world with nodes on one fabric bridge, built by acts alone, and a control plane on it. */
import { AddressBook } from "../../src/base/address-book.js";
import { CauseTable } from "../../src/base/causes.js";
import { Checkpoints } from "../../src/engine/checkpoint.js";
import { Engine } from "../../src/engine/engine.js";
import { Streams } from "../../src/engine/rng.js";
import { admitManifests, type Located, readManifests } from "../../src/api/index.js";
import { ControlPlane } from "../../src/control/control-plane.js";
import type { ControlPlaneOptions, PlaneNode } from "../../src/control/options.js";
import { createStack } from "../../src/linux/boot.js";
import { netnsByName } from "../../src/linux/netns.js";
import type { Act } from "../../src/linux/plumbing/act.js";
import { plumb } from "../../src/linux/plumbing.js";
import type { Program } from "../../src/linux/sock/app.js";
import { stackParts } from "../../src/linux/stack-parts.js";
import type { Stack } from "../../src/linux/stack.js";
import { client } from "../../src/models/app/client.js";
import { prober } from "../../src/models/app/prober.js";
import { server } from "../../src/models/app/server.js";
import { coreDns } from "../../src/models/dns/coredns.js";
import { flannel } from "../../src/models/cni/flannel.js";
import { Packets } from "../../src/packet/packets.js";
import { Payloads } from "../../src/packet/payload.js";

export interface World {
  readonly engine: Engine;
  readonly stack: Stack;
  readonly plane: ControlPlane;
  readonly checkpoints: Checkpoints;
}

export interface WorldOptions extends Partial<Omit<ControlPlaneOptions, "nodes">> {
  readonly nodes?: number;
  readonly seed?: number;
}

/** CoreDNS of a cluster without names: a control plane sees its probes answered. */
const dns: Program = coreDns({ hasNamespace: () => false, service: () => undefined, endpoints: () => [], serviceOfIp: () => undefined, endpointsOfIp: () => [], hasPod: () => false });

function must(s: Stack, act: Act): void {
  const refused = plumb(s, act);
  if (refused !== null) throw new Error(`${act.verb}: ${refused.message}`);
}

function nodesOn(s: Stack, count: number): PlaneNode[] {
  must(s, { verb: "netns-add", node: 0, name: "fabric" });
  const fabric = netnsByName(s, 0, "fabric");
  must(s, { verb: "link-add", ns: fabric, name: "kind", kind: "bridge", up: true });
  return Array.from({ length: count }, (_, index) => {
    const name = index === 0 ? "kind-control-plane" : `kind-worker${index === 1 ? "" : index}`;
    const address = `172.18.${Math.floor((index + 2) / 256)}.${(index + 2) % 256}`;
    must(s, { verb: "netns-add", node: index + 1, name });
    const ns = netnsByName(s, index + 1, name);
    must(s, { verb: "link-add", ns, name: "eth0", kind: "uplink", peer: { ns: fabric, name: `port${index}` }, link: { delay: 50_000 } });
    must(s, { verb: "link-set", ns: fabric, name: `port${index}`, master: "kind" });
    for (const [at, dev] of [
      [ns, "lo"],
      [ns, "eth0"],
      [fabric, `port${index}`],
    ] as const)
      must(s, { verb: "link-set", ns: at, name: dev, up: true });
    must(s, { verb: "addr-add", ns, dev: "eth0", addr: `${address}/16` });
    must(s, { verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1" });
    const taints = index === 0 && count > 1 ? [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }] : [];
    return { name, role: index === 0 ? "control-plane" : "worker", ns, addresses: [address], taints };
  });
}

/** A world at the instant of its boot. */
export function bootWorld(options: WorldOptions = {}): World {
  const { nodes = 3, seed = 1, ...rest } = options;
  const engine = new Engine(seed);
  const streams = new Streams(seed);
  const book = new AddressBook();
  const causes = new CauseTable();
  const packets = new Packets();
  const payloads = new Payloads();
  const stack = createStack({ engine, streams, book, causes, packets, payloads, programs: [server, client, dns, prober((app) => plane.probeEnded(app))] });
  const plane: ControlPlane = new ControlPlane(stack, {
    nodes: nodesOn(stack, nodes),
    clusterCidrs: ["10.244.0.0/16"],
    serviceCidrs: ["10.96.0.0/16"],
    dnsIp: "10.96.0.10",
    cni: flannel(),
    proxy: { mode: "iptables" },
    enforce: null,
    ...rest,
  });
  const checkpoints = new Checkpoints();
  const add = (name: string, part: { save(): unknown; restore(state: never): void }): void =>
    checkpoints.add({ name, save: () => part.save(), restore: (state) => part.restore(state as never), fold: () => {} });
  add("engine", engine);
  add("chance", streams);
  add("addresses", book);
  add("causes", causes);
  add("packets", packets);
  add("payloads", payloads);
  for (const part of stackParts(stack)) checkpoints.add(part);
  checkpoints.add(plane);
  return { engine, stack, plane, checkpoints };
}

/** A world that has come to rest after its boot. */
export function world(options: WorldOptions = {}): World {
  const made = bootWorld(options);
  settle(made);
  return made;
}

/** Runs until the plane has nothing left to do; fails if that takes an hour of virtual time. */
export function settle({ engine, plane }: World): void {
  const end = engine.now + 3600e9;
  while (!plane.settled()) if (!engine.step() || engine.now > end) throw new Error(`not settled at ${engine.now} ns`);
}

/** Objects of a YAML text, as the API reads them; any problem fails. */
export function objects(text: string): readonly Located[] {
  const read = readManifests([{ name: "test.yaml", text }]);
  if (read.problems.length > 0) throw new Error(read.problems.map((each) => each.message).join("\n"));
  return read.objects;
}

/** The same, admitted. */
export function admitted(text: string): readonly Located[] {
  return admitManifests([{ name: "test.yaml", text }]).objects;
}

export function apply(made: World, text: string): void {
  const problems = made.plane.apply(objects(text));
  if (problems.length > 0) throw new Error(problems.map((each) => `${each.path}: ${each.message}`).join("\n"));
}

export function deployment(name: string, replicas: number, extra = ""): string {
  return `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, namespace: default}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        ports: [{name: http, containerPort: 8080}]
${extra}
`;
}

export function service(name: string, extra = ""): string {
  return `
apiVersion: v1
kind: Service
metadata: {name: ${name}, namespace: default}
spec:
  selector: {app: ${name}}
  ports: [{name: web, port: 80, targetPort: http}]
${extra}
`;
}
