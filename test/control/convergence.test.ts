import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { apply, bootWorld, deployment, service, settle, world, type World } from "./build.js";

/** One command of a random history. */
type Step =
  | { readonly do: "deploy"; readonly app: string; readonly replicas: number; readonly image: string }
  | { readonly do: "serve"; readonly app: string; readonly type: string }
  | { readonly do: "delete"; readonly kind: "Deployment" | "Service"; readonly app: string }
  | { readonly do: "kill"; readonly pod: number; readonly force: boolean }
  | { readonly do: "lose"; readonly node: string }
  | { readonly do: "return"; readonly node: string }
  | { readonly do: "wait"; readonly ms: number };

const app = fc.constantFrom("a", "b", "c");
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant("deploy" as const), app, replicas: fc.nat(5), image: fc.constantFrom("nginx:1.27", "nginx:1.28") }),
  fc.record({ do: fc.constant("serve" as const), app, type: fc.constantFrom("ClusterIP", "NodePort") }),
  fc.record({ do: fc.constant("delete" as const), kind: fc.constantFrom("Deployment" as const, "Service" as const), app }),
  fc.record({ do: fc.constant("kill" as const), pod: fc.nat(20), force: fc.boolean() }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.nat(900) }),
);
const worker = fc.constantFrom("kind-worker", "kind-worker2");
/** The same with nodes that fall silent and come back, and waits in which that is found out (55 s) and pods are evicted (300 s later). */
const stepWithLosses: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: step },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("lose" as const), node: worker }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("return" as const), node: worker }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(5_000, 60_000, 400_000) }) },
);

function serviceText(name: string, type: string): string {
  return service(name).replace("spec:", `spec:\n  type: ${type}`);
}

function perform(made: World, each: Step): void {
  const { plane, engine } = made;
  if (each.do === "deploy") apply(made, deployment(each.app, each.replicas).replace("nginx:1.27", each.image));
  else if (each.do === "serve") apply(made, serviceText(each.app, each.type));
  else if (each.do === "delete") plane.delete(each.kind, "default", each.app);
  else if (each.do === "lose") plane.stopNode(each.node);
  else if (each.do === "return") plane.startNode(each.node);
  else if (each.do === "wait") engine.run(engine.now + each.ms * 1e6);
  else {
    const pods = plane.objects("Pod").filter((pod) => pod.metadata.namespace === "default");
    const pod = pods[each.pod % Math.max(1, pods.length)];
    if (pod !== undefined) plane.delete("Pod", "default", pod.metadata.name, each.force ? 0 : undefined);
  }
}

/** What of a cluster does not depend on how it came to be: names, addresses and numbers that are drawn are left out. */
function shape(made: World): unknown {
  const { plane } = made;
  const own = <T extends { readonly metadata: { readonly namespace?: string } }>(list: readonly T[]): readonly T[] =>
    list.filter((each) => each.metadata.namespace === "default");
  const pods = own(plane.objects("Pod"));
  return {
    deployments: own(plane.objects("Deployment")).map(({ metadata, spec, status }) => {
      const { observedGeneration: _, conditions: __, ...counts } = status ?? {};
      return [metadata.name, spec.replicas, spec.template.spec.containers[0]?.image, counts];
    }),
    sets: own(plane.objects("ReplicaSet"))
      .filter((set) => set.spec.replicas !== 0)
      .map((set) => [set.metadata.name, set.spec.replicas, set.status?.readyReplicas]),
    pods: pods.map((pod) => `${pod.metadata.labels?.["app"]} ${pod.spec.containers[0]?.image} ${pod.status?.phase}`).sort(),
    services: own(plane.objects("Service")).map(({ metadata, spec }) => [
      metadata.name,
      spec.type,
      spec.ports?.map((port) => (port.nodePort ?? 0) > 0),
    ]),
    endpoints: own(plane.objects("EndpointSlice"))
      .map((slice) => [
        slice.metadata.labels?.["kubernetes.io/service-name"],
        slice.endpoints.map((each) => `${each.conditions?.ready} ${each.conditions?.terminating ?? false}`),
        slice.ports,
      ])
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
  };
}

function noAddressTwice(made: World): void {
  const held = made.plane
    .objects("Pod")
    .flatMap((pod) => (pod.status?.podIP === undefined || pod.spec.hostNetwork === true ? [] : [pod.status.podIP]));
  expect(new Set(held).size).toBe(held.length);
  const ips = made.plane.objects("Service").flatMap((each) => (each.spec.clusterIPs ?? []).filter((ip) => ip !== "None"));
  expect(new Set(ips).size).toBe(ips.length);
  const ports = made.plane
    .objects("Service")
    .flatMap((each) => (each.spec.ports ?? []).flatMap((port) => (port.nodePort === undefined ? [] : [port.nodePort])));
  expect(new Set(ports).size).toBe(ports.length);
}

/** Virtual ns in which whoever is to be evicted has been, and has ended. */
const ENOUGH = 600e9;

describe("whatever was done", () => {
  const comesTo = (steps: readonly Step[]): void => {
    const made = world();
    const deployments = new Map<string, Extract<Step, { do: "deploy" }>>();
    const services = new Map<string, string>();
    for (const each of steps) {
      perform(made, each);
      noAddressTwice(made);
      if (each.do === "deploy") deployments.set(each.app, each);
      if (each.do === "serve") services.set(each.app, each.type);
      if (each.do === "delete") (each.kind === "Deployment" ? deployments : services).delete(each.app);
    }
    if (steps.some((each) => each.do === "lose")) {
      for (const node of ["kind-worker", "kind-worker2"]) made.plane.startNode(node);
      made.engine.run(made.engine.now + ENOUGH);
    }
    settle(made);
    noAddressTwice(made);
    const fresh = world();
    for (const each of deployments.values()) perform(fresh, each);
    for (const [name, type] of services) apply(fresh, serviceText(name, type));
    settle(fresh);
    expect(shape(made)).toEqual(shape(fresh));
  };

  test("a cluster comes to the state of a fresh one with the same last words, and no address is ever held twice", () => {
    fc.assert(fc.property(fc.array(step, { maxLength: 14 }), comesTo), { numRuns: 25 });
  }, 60_000);

  test("the same with nodes that are lost and return", () => {
    fc.assert(fc.property(fc.array(stepWithLosses, { maxLength: 18 }), comesTo), { numRuns: 25 });
  }, 60_000);

  test("a history is the same each time", () => {
    const run = (): string => {
      const made = world({ seed: 7 });
      for (const each of fc.sample(fc.array(step, { minLength: 10, maxLength: 10 }), { numRuns: 1, seed: 5 })[0]!) perform(made, each);
      settle(made);
      return made.checkpoints.fingerprint() + made.engine.fingerprint();
    };
    expect(run()).toBe(run());
  });
});

describe("a saved plane", () => {
  const history = (made: World): void => {
    apply(made, [deployment("a", 4), service("a"), deployment("b", 2)].join("---"));
  };

  test("goes on as the one that was not interrupted, wherever in a boot or a rollout", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 330 }), fc.boolean(), (stop, lazy) => {
        const one = bootWorld({ seed: 3, lazy });
        history(one);
        for (let at = 0; at < stop; at++) one.engine.step();
        if (stop > 150) apply(one, deployment("a", 3).replace("nginx:1.27", "nginx:1.28"));
        const other = bootWorld({ seed: 3, lazy });
        other.checkpoints.restore(structuredClone(one.checkpoints.checkpoint()));
        expect(other.checkpoints.fingerprint()).toBe(one.checkpoints.fingerprint());
        for (const made of [one, other]) {
          settle(made);
          made.plane.delete("Deployment", "default", "b");
          settle(made);
        }
        expect(other.engine.fingerprint()).toBe(one.engine.fingerprint());
        expect(other.checkpoints.fingerprint()).toBe(one.checkpoints.fingerprint());
        expect(shape(other)).toEqual(shape(one));
        expect(other.plane.events).toEqual(one.plane.events);
      }),
      { numRuns: 20 },
    );
  }, 60_000);
});
