import { describe, expect, test } from "vitest";
import { launch, type Program } from "../../../src/linux/sock/app.js";
import { policyChains } from "../../../src/models/enforce/policy-chains.js";
import { STEP } from "../../../src/trace/kinds.js";
import { act, record } from "../../linux/world.js";
import { input, namespace, pod, policy, port } from "../../policy/build.js";
import { NODES, type Try, TwoNodes } from "./two-nodes.js";

const IPS: Readonly<Record<string, readonly [node: string, ip: string]>> = { a: ["n1", "10.0.0.1"], b: ["n1", "10.0.0.2"], c: ["n2", "10.0.1.1"] };
const pods = Object.entries(IPS).map(([name, [node, ip]]) => pod(`x/${name}`, { node, ips: [ip] }));
const nodes = NODES.map(({ name, ip }) => ({ name, ips: [ip], labels: {}, source: null }));
const view = (...policies: ReturnType<typeof policy>[]): ReturnType<typeof input> => input({ pods, nodes, namespaces: [namespace("x")], policies });
const only = (name: string): { podSelector: { matchLabels: { app: string } } } => ({ podSelector: { matchLabels: { app: name } } });

function world(more: readonly Program[] = []): TwoNodes {
  const made = new TwoNodes(policyChains(), more);
  for (const { namespace, name, node, ips } of pods) made.addPod(`${namespace}/${name}`, node, ips[0]!);
  return made;
}

const tcp = (from: string, to: string, port = 80): Try => ({ from, to: IPS[to]?.[1] ?? to, protocol: "TCP", port });
const reaches = (w: TwoNodes, each: Try): boolean => w.ask([each]).size === 1;
const chain = (w: TwoNodes, node: string, name: string): readonly string[] => w.held(node).filter((line) => line.startsWith(`-A ${name} `));

describe("jumps", () => {
  test("stand first from the moment the node is up, and again after others inserted theirs", () => {
    const w = world();
    w.model.nodeUp(w.door("n1"));
    const ns = w.roots.get("n1")!;
    for (const name of ["INPUT", "FORWARD", "OUTPUT"]) {
      act(w.s, { verb: "iptables", ns, family: 4, table: "filter", op: "insert", chain: name, spec: "-m conntrack --ctstate NEW -j ACCEPT" });
      expect(chain(w, "n1", name)[0]).toContain("ACCEPT");
    }
    w.sync(view());
    for (const name of ["INPUT", "FORWARD", "OUTPUT"]) {
      expect(chain(w, "n1", name)).toEqual([`-A ${name} -m comment --comment "network policy" -j NETPOL`, `-A ${name} -m conntrack --ctstate NEW -j ACCEPT`]);
    }
  });

  test("an agent that starts again opens nothing", () => {
    const w = world();
    w.sync(view(policy("x/deny", only("b"))));
    w.acts.length = 0;
    w.model.nodeUp(w.door("n1"));
    expect(w.acts).toEqual([]);
    expect(reaches(w, tcp("x/a", "b"))).toBe(false);
  });
});

describe("a packet", () => {
  test("that may pass comes back to the rules behind, without a mark", () => {
    const w = world();
    const ns = w.roots.get("n1")!;
    w.sync(view(policy("x/in", { ...only("b"), ingress: [{ from: [only("a")] }] }), policy("x/out", { ...only("a"), policyTypes: ["Egress"], egress: [{ to: [only("b")] }] })));
    act(w.s, { verb: "iptables", ns, family: 4, table: "filter", op: "append", chain: "FORWARD", spec: "-p tcp -m mark --mark 0x0 -m conntrack --ctstate NEW -j DROP" });
    expect(reaches(w, tcp("x/a", "b"))).toBe(false);
    act(w.s, { verb: "iptables", ns, family: 4, table: "filter", op: "flush", chain: "FORWARD" });
    w.sync(view());
    expect(reaches(w, tcp("x/a", "b"))).toBe(true);
  });

  test("from a pod of the same node needs both ends: an egress that is allowed spares no ingress", () => {
    const w = world();
    const out = policy("x/out", { ...only("a"), policyTypes: ["Egress"], egress: [{}] });
    w.sync(view(out, policy("x/in", only("b"))));
    expect(reaches(w, tcp("x/a", "b"))).toBe(false);
    expect(reaches(w, tcp("x/a", "c"))).toBe(true);
    w.sync(view(out));
    expect(reaches(w, tcp("x/a", "b"))).toBe(true);
  });

  test("that is refused dies at the pod's last rule, which names the first isolating policy", () => {
    const w = world();
    w.sync(view(policy("x/second", { ...only("b"), ingress: [{ from: [only("c")] }] }), policy("x/first", only("b"))));
    const ring = record(w.s);
    expect(reaches(w, tcp("x/a", "b"))).toBe(false);
    const said: string[] = [];
    for (const step of ring.steps()) {
      if (step.kind !== STEP.RULE) continue;
      const place = w.s.nf.places.get(step.a)!;
      if (place.text.endsWith("-j DROP")) {
        const cause = w.s.causes.get(place.cause)!;
        said.push(`${cause.object} ${cause.path} ${place.chain.slice(0, 10)}`);
      }
    }
    expect(new Set(said)).toEqual(new Set(["NetworkPolicy x/first spec.podSelector NETPOL-TO-"]));
  });

  test("every rule and element of a policy names the field it was written for", () => {
    const w = world();
    w.sync(view(policy("x/in", { ...only("b"), ingress: [{ ports: [{ port: 53, protocol: "UDP" }] }, { from: [only("a"), { ipBlock: { cidr: "10.0.1.0/24" } }] }] })));
    const ns = w.roots.get("n1")!;
    const paths = (cause: number): string => `${w.s.causes.get(cause)!.object} ${w.s.causes.get(cause)!.path}`;
    const table = w.s.nf.get(ns, 4, 3)!;
    const rules = [...table.chains.values()].find((each) => each.name.startsWith("NETPOL-PI-"))!.rules.map((rule) => paths(rule.cause));
    expect(rules).toEqual(["spec.ingress[0]", "spec.ingress[1].from[0]", "spec.ingress[1].from[1]"].map((path) => `NetworkPolicy x/in ${path}`));
    const elements = w.s.sets.of(ns).flatMap((id) => [...w.s.sets.get(ns, id)!.entries.values()].map((e) => `${e.text} ${paths(e.cause)}`));
    expect(elements).toContain("10.0.0.1 NetworkPolicy x/in spec.ingress[1].from[0]");
    expect(elements).toContain("10.0.1.0/24 NetworkPolicy x/in spec.ingress[1].from[1]");
    for (const each of table.chains.values()) for (const rule of each.rules) expect(rule.cause).toBeGreaterThan(0);
  });
});

test("an established connection goes on when a policy comes that would refuse it", () => {
  const heard: string[] = [];
  const talker: Program = {
    name: "talk",
    on(door, event) {
      if (event.kind === "start") door.tcpConnect(door.addressOf(event.args["to"] as string), 80);
      else if (event.kind === "connected") door.state = { sock: event.sock };
      else if (event.kind === "data") heard.push(door.text(event));
      if (event.kind === "connected") for (const at of [1, 2]) door.timer(at * 100_000_000, at);
      if (event.kind === "timer") door.tcpSend(door.state["sock"] as number, new TextEncoder().encode("q"));
    },
  };
  for (const to of ["b", "c"]) {
    const w = world([talker]);
    heard.length = 0;
    w.sync(view());
    launch(w.s, w.namespaceOf("x/a"), "talk", { to: IPS[to]![1] });
    w.s.engine.run(w.s.engine.now + 150_000_000);
    expect(heard).toEqual(["a"]);
    w.sync(view(policy("x/deny", { policyTypes: ["Ingress", "Egress"] })));
    expect(reaches(w, tcp("x/a", to))).toBe(false);
    w.s.engine.run(w.s.engine.now + 150_000_000);
    expect(heard).toEqual(["a", "a"]);
  }
});

test("a named port is what it is at each destination, for both directions and protocols", () => {
  const named = [
    pod("x/a", { node: "n1", ips: ["10.0.0.1"] }),
    pod("x/b", { node: "n1", ips: ["10.0.0.2"], ports: [port("http", 80), port("dns", 53, "UDP")] }),
    pod("x/c", { node: "n2", ips: ["10.0.1.1"], ports: [port("http", 8080)] }),
  ];
  const w = world();
  w.sync(input({ pods: named, nodes, policies: [policy("x/out", { ...only("a"), policyTypes: ["Egress"], egress: [{ ports: [{ port: "http" }] }] })] }));
  expect([tcp("x/a", "b", 80), tcp("x/a", "b", 8080), tcp("x/a", "c", 80), tcp("x/a", "c", 8080)].map((each) => reaches(w, each))).toEqual([true, false, false, true]);
  w.sync(input({ pods: named, nodes, policies: [policy("x/in", { ingress: [{ from: [only("a")], ports: [{ port: "dns", protocol: "UDP" }] }] })] }));
  expect(w.ask([{ from: "x/a", to: "10.0.0.2", protocol: "UDP", port: 53 }]).size).toBe(1);
  expect([tcp("x/a", "b", 80), tcp("x/a", "c", 8080)].map((each) => reaches(w, each))).toEqual([false, false]);
});

test("a pod reaches itself through a Service, and its node, under any policy", () => {
  const w = world();
  const ns = w.roots.get("n1")!;
  const nat = { verb: "iptables", ns, family: 4, table: "nat", op: "append" } as const;
  act(w.s, { ...nat, chain: "PREROUTING", spec: "-d 10.96.0.1/32 -p tcp -j DNAT --to-destination 10.0.0.1" });
  act(w.s, { ...nat, chain: "POSTROUTING", spec: "-s 10.0.0.1/32 -d 10.0.0.1/32 -j MASQUERADE" });
  w.sync(view(policy("x/deny", { policyTypes: ["Ingress", "Egress"] })));
  expect(reaches(w, tcp("x/a", "10.96.0.1"))).toBe(true);
  expect(reaches(w, tcp("x/b", "10.96.0.1"))).toBe(false);
  expect(reaches(w, tcp("x/a", NODES[0]!.ip))).toBe(true);
  expect(reaches(w, tcp("n1", "a"))).toBe(true);
  expect(reaches(w, tcp("x/a", NODES[1]!.ip))).toBe(false);
  expect(reaches(w, tcp("n2", "a"))).toBe(false);
});

describe("switches", () => {
  test("a pod's own node can be judged like any other address", () => {
    const w = new TwoNodes(policyChains({ podToOwnNode: "judged" }));
    for (const { namespace, name, node, ips } of pods) w.addPod(`${namespace}/${name}`, node, ips[0]!);
    w.sync(view(policy("x/deny", { policyTypes: ["Ingress", "Egress"] })));
    expect(reaches(w, tcp("x/a", NODES[0]!.ip))).toBe(false);
    expect(reaches(w, tcp("n1", "a"))).toBe(true);
  });

  test("ICMP can be left alone", () => {
    const w = new TwoNodes(policyChains({ otherProtocols: "allowed" }));
    for (const { namespace, name, node, ips } of pods) w.addPod(`${namespace}/${name}`, node, ips[0]!);
    w.sync(view(policy("x/deny", { policyTypes: ["Ingress", "Egress"] })));
    expect(w.ask([{ from: "x/a", to: "10.0.0.2", protocol: "ICMP", port: 0 }, tcp("x/a", "b")]).size).toBe(1);
  });
});

describe("with br_netfilter off", () => {
  test("frames of one bridge are not judged, which a note says; routed packets are", () => {
    const w = world();
    const deny = view(policy("x/deny", { policyTypes: ["Ingress"] }));
    w.sync(deny);
    expect(w.model.notes(w.door("n1"))).toEqual([]);
    expect(reaches(w, tcp("x/a", "b"))).toBe(false);
    for (const { name } of NODES) act(w.s, { verb: "sysctl", ns: w.roots.get(name)!, key: "net.bridge.bridge-nf-call-iptables", value: "0" });
    expect(w.model.notes(w.door("n1"), deny).map((note) => note.code)).toEqual(["bridge-nf-off"]);
    expect(reaches(w, tcp("x/a", "b"))).toBe(true);
    expect(reaches(w, tcp("x/a", "c"))).toBe(false);
  });
});

test("bridged frames are counted by physdev's rule, routed packets by the other", () => {
  const w = world();
  w.sync(view(policy("x/deny", { policyTypes: ["Ingress"] })));
  w.ask([tcp("x/a", "b")]);
  const ns = w.roots.get("n1")!;
  const table = w.s.nf.get(ns, 4, 3)!;
  const way = [...table.chains.values()].find((each) => each.name === "NETPOL-INGRESS")!;
  const counted = (): number[] => way.rules.flatMap((rule, i) => (rule.text.includes("10.0.0.2/32") ? [table.counters.get(way.id)?.[2 + 2 * i] ?? 0] : []));
  expect(counted()).toEqual([1, 0]);
  w.ask([tcp("x/c", "b")]);
  expect(counted()).toEqual([1, 1]);
});

test("only what changed is written", () => {
  const w = world();
  const b = policy("x/b", { ...only("b"), ingress: [{ from: [{ podSelector: { matchLabels: { role: "client" } } }, { ipBlock: { cidr: "10.0.0.0/8", except: ["10.0.1.0/24"] } }] }] });
  const c = policy("x/c", { ...only("c"), policyTypes: ["Ingress"] });
  w.sync(view(b, c));
  w.acts.length = 0;
  const relabelled = pods.map((each) => (each.name === "a" ? { ...each, labels: { app: "a", role: "client" } } : each));
  w.sync(input({ pods: relabelled, nodes, policies: [b, c] }));
  expect(w.acts).toMatchObject([{ verb: "ipset", op: "add", entry: "10.0.0.1" }]);
  w.acts.length = 0;
  const wider = policy("x/b", { ...only("b"), ingress: [{ from: [{ podSelector: { matchLabels: { role: "client" } } }, { ipBlock: { cidr: "10.0.0.0/8" } }] }] });
  w.sync(input({ pods: relabelled, nodes, policies: [wider, c] }));
  expect(w.acts.map((each) => (each.verb === "ipset" ? each.op : each.verb))).toEqual(["create", "flush", "add", "swap", "destroy"]);
  w.acts.length = 0;
  w.sync(input({ pods: relabelled, nodes, policies: [wider] }));
  expect(w.acts.map((each) => each.verb)).toEqual(["iptables-restore", "ipset"]);
});
