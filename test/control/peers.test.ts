import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { netnsByName } from "../../src/linux/netns.js";
import { plumb } from "../../src/linux/plumbing.js";
import { launch } from "../../src/linux/sock/app.js";
import type { CniModel } from "../../src/models/cni/cni-model.js";
import { calico } from "../../src/models/cni/calico/calico.js";
import { flannel } from "../../src/models/cni/flannel.js";
import { kindnet } from "../../src/models/cni/kindnet.js";
import { felix } from "../../src/models/enforce/calico/felix.js";
import type { EnforceModel } from "../../src/models/enforce/enforce-model.js";
import { Shell } from "../../src/shell/index.js";
import { apply, bootWorld, deployment, settle, world, type World } from "./build.js";

/** So few, but as in a large cluster, where no probe sends a packet. */
const NODES = 5;
const POOL = "10.244.0.0/16";
const none = (): null => null;
const CNIS: readonly (readonly [name: string, make: () => CniModel, enforce: () => EnforceModel | null])[] = [
  ["flannel", () => flannel(), none],
  ["flannel host-gw", () => flannel({ backend: "host-gw" }), none],
  ["kindnet", () => kindnet({ podSubnets: [POOL] }), none],
  ["calico", () => calico(), () => felix({ tunnel: "vxlan", natOutgoing: true, pool: POOL })],
  ["calico IPIP", () => calico({ encapsulation: "IPIP" }), () => felix({ tunnel: "ipip", natOutgoing: true, pool: POOL })],
];

const names = Array.from({ length: NODES }, (_, at) => (at === 0 ? "kind-control-plane" : `kind-worker${at === 1 ? "" : at}`));
const netns = ({ stack }: World, name: string): number => netnsByName(stack, names.indexOf(name) + 1, name);

/** What a person sees of what nodes know of each other. */
function tables(made: World, name: string): readonly string[] {
  const shell = new Shell(made.stack, netns(made, name));
  return ["ip route", "ip neigh", "bridge fdb"].map((command) => shell.run(command).text);
}

/** One connection of a program in a namespace. */
function connect(made: World, ns: number, host: string): string {
  const { stack, engine } = made;
  const resolv = { nameservers: [], search: [], options: {} };
  const app = launch(stack, ns, "client", { host, port: 8080, protocol: "tcp", resolv, request: "GET / HTTP/1.1\r\n\r\n", timeout: 8e9 });
  engine.run(engine.now + 9e9);
  return String(stack.app.apps.get(app)!.state["outcome"]);
}

function podsByNode(made: World): ReadonlyMap<string, { readonly key: string; readonly ip: string }> {
  const pods = made.plane.objects("Pod").filter((pod) => pod.metadata.labels?.["app"] === "web");
  return new Map(pods.map((pod) => [pod.spec.nodeName!, { key: `default/${pod.metadata.name}`, ip: pod.status!.podIP! }]));
}

describe("what nodes write about each other, held back in a large cluster", () => {
  for (const [name, make, enforce] of CNIS) {
    test(`${name}: neither packets nor readers can tell`, () => {
      const look = (lazy: boolean): unknown => {
        const made = bootWorld({ nodes: NODES, lazy, probes: "listeners", transcripts: true, cni: make(), enforce: enforce(), seed: 4 });
        // A node without a default route answers no pod of Calico's that asks for its gateway.
        for (const node of names) plumb(made.stack, { verb: "route-add", ns: netns(made, node), dst: "default", via: "172.18.0.1" });
        settle(made);
        apply(made, deployment("web", NODES - 1));
        settle(made);
        const held = made.stack.fib.waiting.size;
        const pods = podsByNode(made);
        // Everybody on the link hears the question for a node's address, and none but the asking node has a packet at its hooks.
        expect(connect(made, netns(made, "kind-control-plane"), "172.18.0.99")).not.toBe("ok");
        expect(made.stack.fib.waiting.size).toBe(lazy ? NODES - 1 : 0);
        // From a pod, and from a node's own program, whose route is chosen before any hook.
        const outcomes = [
          connect(made, made.plane.podNetns(pods.get("kind-worker")!.key), pods.get("kind-worker2")!.ip),
          connect(made, netns(made, "kind-worker3"), pods.get("kind-worker4")!.ip),
        ];
        const seen = names.map((node) => tables(made, node));
        expect(held).toBe(lazy ? NODES : 0);
        expect(made.stack.fib.waiting.size).toBe(0);
        const acts = names.map((node) =>
          made.plane.transcript(node).flatMap((act) => (/^(route|neigh|fdb)-/.test(act.verb) ? [JSON.stringify({ ...act, cause: 0 })] : [])).sort(),
        );
        return { outcomes, seen, acts };
      };
      const eager = look(false) as { readonly outcomes: readonly string[]; readonly seen: readonly (readonly string[])[] };
      expect(eager.outcomes).toEqual(["ok", "ok"]);
      expect(eager.seen[1]![0]).toMatch(/^10\.244\.\d+\.\d+\/\d+ via /m);
      expect(look(true)).toEqual(eager);
    });
  }

  test("an act of somebody else comes after it", () => {
    const look = (lazy: boolean): readonly string[] => {
      const made = world({ nodes: NODES, lazy, seed: 4 });
      const shell = new Shell(made.stack, netns(made, "kind-worker"));
      shell.run("ip link set flannel.1 down");
      return tables(made, "kind-worker");
    };
    expect(look(false)[0]).not.toContain("flannel.1");
    expect(look(true)).toEqual(look(false));
  });

  test("a node that is deleted, and one that stays, have heard the same; wherever a world was saved", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 260 }), fc.constantFrom("kind-worker", "kind-worker4"), (stop, gone) => {
        const look = (lazy: boolean): unknown => {
          const options = { nodes: NODES, lazy, probes: "listeners", seed: 6 } as const;
          const first = bootWorld(options);
          for (let at = 0; at < stop; at++) first.engine.step();
          const made = bootWorld(options);
          made.checkpoints.restore(structuredClone(first.checkpoints.checkpoint()));
          settle(made);
          made.plane.delete("Node", "", gone);
          settle(made);
          made.engine.run(made.engine.now + 1e9);
          return names.map((node) => tables(made, node));
        };
        expect(look(true)).toEqual(look(false));
      }),
      { numRuns: 8 },
    );
  });
});
