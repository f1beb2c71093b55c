import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Act, ActResult, IptablesRestore } from "../../../../src/linux/plumbing/act.js";
import type { NodeDoor } from "../../../../src/models/node-door.js";
import { iptablesProxy } from "../../../../src/models/proxy/iptables/iptables-proxy.js";
import { IptablesRenderer } from "../../../../src/models/proxy/iptables/render.js";
import { changeView, emptyView, type ProxyView, type ServiceState } from "../../../../src/models/proxy/view.js";
import { makeStack } from "../../../linux/world.js";
import { history } from "../arbitrary-services.js";
import { anyIptablesNode, iptablesNode } from "../proxy-nodes.js";

const SYNC_PERIOD = 30e9;

/** A door that keeps acts, knows which jumps were inserted, and refuses a payload when told to. */
class RecordingDoor implements NodeDoor {
  readonly stack = makeStack();
  readonly ns = 1;
  readonly node = "node-a";
  memory = new Map<string, unknown>();
  acts: Act[] = [];
  refusing = false;
  private readonly inserted = new Set<string>();

  plumb(act: Act): ActResult {
    this.acts.push(act);
    if (act.verb === "iptables-restore" && this.refusing) return { errno: "EINVAL", message: "iptables-restore: line 1 failed" };
    if (act.verb !== "iptables") return null;
    const place = `${act.family} ${act.table} ${act.chain} ${act.spec}`;
    if (act.op === "check" && !this.inserted.has(place))
      return { errno: "ENOENT", message: "iptables: Bad rule (does a matching rule exist in that chain?)." };
    if (act.op === "insert") this.inserted.add(place);
    return null;
  }

  below(): number {
    return 0;
  }

  cause(): number {
    return 1;
  }

  /** What was done since the last call, in short words. */
  words(): readonly string[] {
    const words = this.acts.map((act) => {
      if (act.verb === "sysctl") return `${act.key}=${act.value}`;
      if (act.verb === "iptables") return `${act.op} ${act.table} ${act.chain}`;
      return act.verb;
    });
    this.acts = [];
    return words;
  }

  restored(): IptablesRestore["doc"] {
    return (this.acts.at(-1) as IptablesRestore).doc;
  }
}

const view = changeView(emptyView, [
  {
    key: "shop/web",
    service: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "web", namespace: "shop" },
      spec: { type: "ClusterIP", clusterIP: "10.96.0.1", ports: [{ port: 80, protocol: "TCP" }] },
    },
    slices: [],
  },
]);

describe("on a node", () => {
  test("the first run makes canaries and jumps before its payload, the next ones only load payloads", () => {
    const door = new RecordingDoor();
    const proxy = iptablesProxy(new IptablesRenderer(() => 1), SYNC_PERIOD);
    expect(proxy.sync(door, iptablesNode(), view)).toBe(true);
    const first = door.words();
    expect(first.slice(0, 7)).toEqual([
      "net.ipv4.conf.all.route_localnet=1",
      "new-chain mangle KUBE-PROXY-CANARY",
      "new-chain nat KUBE-PROXY-CANARY",
      "new-chain filter KUBE-PROXY-CANARY",
      "new-chain filter KUBE-EXTERNAL-SERVICES",
      "check filter INPUT",
      "insert filter INPUT",
    ]);
    expect(first.filter((word) => word.startsWith("insert"))).toHaveLength(14);
    expect(first.at(-1)).toBe("iptables-restore");
    expect(proxy.sync(door, iptablesNode(), view)).toBe(true);
    expect(door.words()).toEqual(["iptables-restore"]);
  });

  test("a refused payload is followed by a full sync, which leaves standing jumps alone", () => {
    const door = new RecordingDoor();
    const proxy = iptablesProxy(new IptablesRenderer(() => 1), SYNC_PERIOD);
    proxy.sync(door, iptablesNode(), view);
    door.refusing = true;
    expect(proxy.sync(door, iptablesNode(), view)).toBe(false);
    door.refusing = false;
    door.words();
    expect(proxy.sync(door, iptablesNode(), view)).toBe(true);
    const words = door.words();
    expect(words.filter((word) => word.startsWith("check"))).toHaveLength(14);
    expect(words.filter((word) => word.startsWith("insert"))).toEqual([]);
  });

  test("asked to forget, it writes everything", () => {
    const door = new RecordingDoor();
    const proxy = iptablesProxy(new IptablesRenderer(() => 1), SYNC_PERIOD);
    proxy.sync(door, iptablesNode(), view);
    proxy.forget(door, iptablesNode());
    door.words();
    proxy.sync(door, iptablesNode(), view);
    expect(door.words().length).toBeGreaterThan(1);
  });
});

describe("a saved world", () => {
  test("goes on with the same payloads as one that was never saved", () => {
    fc.assert(
      fc.property(history, anyIptablesNode, (batches, node) => {
        const [went, saved] = [new RecordingDoor(), new RecordingDoor()];
        const proxy = iptablesProxy(new IptablesRenderer(() => 1), SYNC_PERIOD);
        const latest = new Map<string, ServiceState>();
        let view: ProxyView = emptyView;
        for (const batch of batches) {
          view = changeView(view, batch);
          for (const state of batch) latest.set(state.key, state);
          proxy.sync(went, node, view);
          // The other world has lost every cache and made its view anew from the objects.
          saved.memory = structuredClone(saved.memory);
          iptablesProxy(new IptablesRenderer(() => 1), SYNC_PERIOD).sync(saved, node, changeView(emptyView, [...latest.values()]));
          expect(saved.restored()).toEqual(went.restored());
        }
      }),
    );
  });
});
