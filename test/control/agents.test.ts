import { describe, expect, test } from "vitest";
import type { EnforceModel, EnforceView } from "../../src/models/enforce/enforce-model.js";
import { flannel } from "../../src/models/cni/flannel.js";
import type { CniModel } from "../../src/models/cni/cni-model.js";
import { netnsByName } from "../../src/linux/netns.js";
import { saveTables } from "../../src/linux/nf/save.js";
import { launch } from "../../src/linux/sock/app.js";
import { apply, deployment, service, settle, world } from "./build.js";

const policy = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: default}
spec: {podSelector: {}}
`;

/** A dataplane that writes one chain for each node up, and notes the views it is given. */
function recorder(): { readonly model: EnforceModel; readonly views: [node: string, view: EnforceView][]; readonly order: string[] } {
  const views: [string, EnforceView][] = [];
  const order: string[] = [];
  const model: EnforceModel = {
    name: "recorder",
    nodeUp: (door) => void order.push(`up ${door.node}`),
    sync: (door, view) => {
      order.push(`sync ${door.node}`);
      views.push([door.node, view]);
      return null;
    },
    notes: () => [],
  };
  return { model, views, order };
}

describe("the policy agent", () => {
  test("starts on every node, writes nothing without policies, then one view for all with places", () => {
    const { model, views, order } = recorder();
    const made = world({ enforce: model });
    expect(order).toEqual(["up kind-control-plane", "up kind-worker", "up kind-worker2"]);
    apply(made, deployment("web", 2));
    settle(made);
    expect(views).toEqual([]);
    apply(made, policy);
    settle(made);
    expect(views.map(([node]) => node)).toEqual(["kind-control-plane", "kind-worker", "kind-worker2"]);
    const [[, view], [, second]] = views as [[string, EnforceView], [string, EnforceView]];
    expect(second).toBe(view);
    expect(view.policies.map(({ object, source }) => [object.metadata.name, source?.file, source?.line])).toEqual([
      ["deny", "test.yaml", 2],
    ]);
    expect(view.pods.filter((pod) => pod.namespace === "default").map((pod) => [pod.ips.length, pod.phase, pod.owned])).toEqual([
      [1, "Running", true],
      [1, "Running", true],
    ]);
    expect(view.nodes.map((node) => node.ips)).toEqual([["172.18.0.2"], ["172.18.0.3"], ["172.18.0.4"]]);
    views.length = 0;
    apply(made, deployment("web", 3));
    settle(made);
    expect(views.at(-1)![1].pods.filter((pod) => pod.namespace === "default")).toHaveLength(3);
  });
});

describe("the CNI", () => {
  test("hears of each other node once, after that node is up", () => {
    const heard: string[] = [];
    const real = flannel();
    const cni: CniModel = {
      ...real,
      nodeUp: (door, self) => {
        heard.push(`${self.name} up`);
        return real.nodeUp(door, self);
      },
      peerUp: (door, self, peer) => {
        heard.push(`${self.name} hears of ${peer.name} ${peer.podCidrs.join()} ${peer.annotations["flannel.alpha.coreos.com/public-ip"]}`);
        real.peerUp(door, self, peer);
      },
    };
    world({ cni, nodes: 2 });
    expect(heard).toEqual([
      "kind-control-plane up",
      "kind-worker up",
      "kind-control-plane hears of kind-worker 10.244.1.0/24 172.18.0.3",
      "kind-worker hears of kind-control-plane 10.244.0.0/24 172.18.0.2",
    ]);
  });

  test("that refuses a pod leaves no namespace behind, says why, and is asked again", () => {
    const real = flannel();
    let refusals = 2;
    const cni: CniModel = {
      ...real,
      add: (door, self, at) => (refusals-- > 0 ? { code: 11, msg: "no IP addresses available in range set" } : real.add(door, self, at)),
    };
    const made = world({ cni, dnsIp: null });
    apply(made, deployment("web", 1));
    settle(made);
    const [pod] = made.plane.objects("Pod");
    expect(pod?.status?.phase).toBe("Pending");
    expect(made.plane.podNetns(`default/${pod!.metadata.name}`)).toBe(0);
    expect([...made.stack.nsInfo.values()].filter((ns) => ns.name.startsWith("cni-"))).toEqual([]);
    const said = made.plane.events.find((event) => event.reason === "FailedCreatePodSandBox");
    expect(said?.message).toMatch(
      /^Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "[0-9a-f]{64}": plugin type="flannel" failed \(add\): no IP addresses available in range set$/,
    );
    made.engine.run(made.engine.now + 30e9);
    expect(made.plane.objects("Pod")[0]?.status?.phase).toBe("Running");
  });
});

describe("kube-proxy", () => {
  test("syncs at once, then no more often than once a second", () => {
    const made = world();
    const syncs = (): number => made.plane.transcript("kind-worker").filter((act) => act.verb === "iptables-restore").length;
    made.engine.run(made.engine.now + 5e9);
    const before = syncs();
    const start = made.engine.now;
    for (let at = 0; at < 10; at++) {
      apply(made, service(`s${at}`));
      made.engine.run(start + (at + 1) * 250e6);
    }
    settle(made);
    // At 2 ms, 1.002 s, 2.002 s and for what came after.
    expect(syncs() - before).toBe(4);
  });

  test("holds back its rules in a large cluster, and neither packets nor readers can tell", () => {
    const look = (lazy: boolean): unknown => {
      const made = world({ lazy, seed: 2 });
      const { plane, stack, engine } = made;
      apply(made, [deployment("web", 3), service("web"), service("none"), deployment("asker", 1)].join("---"));
      settle(made);
      const asker = plane.objects("Pod").find((pod) => pod.metadata.labels?.["app"] === "asker")!;
      const host = plane.get("Service", "default", "web")!.spec.clusterIP!;
      const resolv = { nameservers: [], search: [], options: {} };
      const app = launch(stack, plane.podNetns(`default/${asker.metadata.name}`), "client", {
        host,
        port: 80,
        protocol: "tcp",
        resolv,
        request: "GET / HTTP/1.1\r\n\r\n",
        timeout: 2e9,
      });
      engine.run(engine.now + 3e9);
      plane.flush();
      const rules = ["kind-control-plane", "kind-worker", "kind-worker2"].map((name, at) =>
        saveTables(stack, netnsByName(stack, at + 1, name), 4, { counters: true }),
      );
      const { outcome, reply } = stack.app.apps.get(app)!.state;
      return { outcome, reply, rules };
    };
    const eager = look(false) as { readonly outcome: string; readonly reply: string; readonly rules: readonly string[] };
    expect(eager.outcome).toBe("ok");
    expect(eager.reply).toContain("200 OK");
    expect(eager.rules.every((text) => text.includes("KUBE-SVC-"))).toBe(true);
    expect(look(true)).toEqual(eager);
  });
});

describe("Endpoints that people write", () => {
  test("become slices, and follow", () => {
    const made = world();
    const text = (ip: string): string => `
apiVersion: v1
kind: Service
metadata: {name: outside, namespace: default}
spec: {ports: [{name: sql, port: 5432}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: outside, namespace: default}
subsets: [{addresses: [{ip: ${ip}}], notReadyAddresses: [{ip: 192.0.2.99}], ports: [{name: sql, port: 5432}]}]
`;
    apply(made, text("192.0.2.1"));
    settle(made);
    const slices = (): readonly unknown[] =>
      made.plane
        .objects("EndpointSlice")
        .filter((each) => each.metadata.labels?.["kubernetes.io/service-name"] === "outside")
        .map((each) => [each.metadata.labels?.["endpointslice.kubernetes.io/managed-by"], each.endpoints, each.ports]);
    const expected = (ip: string): unknown => [
      [
        "endpointslicemirroring-controller.k8s.io",
        [
          { addresses: [ip], conditions: { ready: true } },
          { addresses: ["192.0.2.99"], conditions: { ready: false } },
        ],
        [{ name: "sql", port: 5432, protocol: "TCP" }],
      ],
    ];
    expect(slices()).toEqual(expected("192.0.2.1"));
    apply(made, text("192.0.2.2"));
    settle(made);
    expect(slices()).toEqual(expected("192.0.2.2"));
    made.plane.delete("Endpoints", "default", "outside");
    settle(made);
    expect(slices()).toEqual([]);
  });
});
