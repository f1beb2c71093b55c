import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { EndpointSlice, Service } from "../../../../src/api/index.js";
import { IptablesRenderer } from "../../../../src/models/proxy/iptables/render.js";
import { formatPayload, type RestoreDoc } from "../../../../src/models/proxy/iptables/restore-doc.js";
import { firstSync, type IptablesSyncState, needsFullSync, planSync } from "../../../../src/models/proxy/iptables/sync.js";
import { changeView, emptyView, type ProxyView } from "../../../../src/models/proxy/view.js";
import { history } from "../arbitrary-services.js";
import { anyIptablesNode, iptablesNode } from "../proxy-nodes.js";
import { TextualTables } from "./textual-tables.js";

const SECOND = 1e9;
const syncPeriod = 30 * SECOND;

describe("a sequence of syncs", () => {
  test("leaves what one full sync of the end state writes", () => {
    fc.assert(
      fc.property(history, anyIptablesNode, fc.boolean(), (batches, node, readsTables) => {
        const renderer = new IptablesRenderer(() => 1);
        const kernel = new TextualTables();
        let view: ProxyView = emptyView;
        let state: IptablesSyncState = firstSync;
        batches.forEach((batch, index) => {
          view = changeView(view, batch);
          const natChains = readsTables ? { natChains: kernel.tables.get("nat")?.keys() ?? [] } : {};
          const sync = planSync(renderer, state, view, node, { now: index * SECOND, syncPeriod, ...natChains });
          expect(sync.full).toBe(index === 0);
          kernel.load(sync.doc);
          state = sync.next;
        });
        const fresh = new TextualTables();
        fresh.load(planSync(new IptablesRenderer(() => 1), firstSync, view, node, { now: 0, syncPeriod }).doc);
        expect(kernel.dump()).toBe(fresh.dump());
      }),
      { numRuns: 300 },
    );
  });

  test("writes the same bytes for the same view, whichever node was rendered before", () => {
    fc.assert(
      fc.property(history, anyIptablesNode, anyIptablesNode, (batches, one, other) => {
        const view = batches.reduce(changeView, emptyView);
        const moment = { now: 0, syncPeriod };
        const shared = new IptablesRenderer(() => 1);
        planSync(shared, firstSync, view, other, moment);
        const warm = planSync(shared, firstSync, view, one, moment).doc;
        expect(formatPayload(warm)).toBe(formatPayload(planSync(new IptablesRenderer(() => 1), firstSync, view, one, moment).doc));
      }),
    );
  });
});

describe("when a full sync happens", () => {
  const renderer = new IptablesRenderer(() => 1);
  const node = iptablesNode();
  const view = clusterOf(1, 3);
  const started = planSync(renderer, firstSync, view, node, { now: 0, syncPeriod }).next;
  const fullAt = (state: IptablesSyncState, now: number): boolean => planSync(renderer, state, view, node, { now, syncPeriod }).full;

  test("at first, after a failure, and after more than an hour", () => {
    expect(fullAt(firstSync, 0)).toBe(true);
    expect(fullAt(started, SECOND)).toBe(false);
    expect(fullAt(needsFullSync(started), SECOND)).toBe(true);
    expect(fullAt(started, 3600 * SECOND)).toBe(false);
    expect(fullAt(started, 3600 * SECOND + 1)).toBe(true);
  });

  test("a sync without changes writes only the top-level chains", () => {
    const { doc } = planSync(renderer, started, view, node, { now: SECOND, syncPeriod });
    expect(natChains(doc)).toEqual(["KUBE-SERVICES", "KUBE-NODEPORTS", "KUBE-POSTROUTING", "KUBE-MARK-MASQ"]);
  });
});

describe("beyond a thousand endpoints", () => {
  const node = iptablesNode();
  const endpointRules = (doc: RestoreDoc): readonly string[] =>
    doc.tables.flatMap((table) => table.rules.filter((rule) => rule.chain.startsWith("KUBE-SEP-")).map((rule) => rule.spec));

  test("comments stay at 1000 and vanish at 1001, but not from Services that did not change", () => {
    const renderer = new IptablesRenderer(() => 1);
    const at1000 = clusterOf(2, 500);
    const first = planSync(renderer, firstSync, at1000, node, { now: 0, syncPeriod });
    expect(endpointRules(first.doc)).toHaveLength(2000);
    expect(endpointRules(first.doc).every((spec) => spec.startsWith("-m comment --comment shop/web"))).toBe(true);

    const at1001 = changeView(at1000, [{ key: "shop/web1", ...webService(1, 501) }]);
    const second = planSync(renderer, first.next, at1001, node, { now: SECOND, syncPeriod });
    expect(second.full).toBe(false);
    expect(endpointRules(second.doc)).toHaveLength(2 * 501);
    expect(endpointRules(second.doc)[0]).toBe("-s 10.1.0.0 -j KUBE-MARK-MASQ");
    expect(endpointRules(second.doc)[1]).toBe("-m tcp -p tcp -j DNAT --to-destination 10.1.0.0:80");
  });

  test("stale chains wait for the sync period", () => {
    const renderer = new IptablesRenderer(() => 1);
    let state = planSync(renderer, firstSync, clusterOf(2, 600), node, { now: 0, syncPeriod }).next;
    const deletesAt = (now: number, view: ProxyView): number => {
      const sync = planSync(renderer, state, view, node, { now, syncPeriod });
      state = sync.next;
      return sync.doc.tables[1]!.deletes.length;
    };
    const fewer = changeView(clusterOf(2, 600), [{ key: "shop/web1", ...webService(1, 590) }]);
    expect(deletesAt(SECOND, fewer)).toBe(0);
    expect(deletesAt(30 * SECOND, fewer)).toBe(0);
    expect(deletesAt(30 * SECOND + 1, fewer)).toBe(10);
    expect(deletesAt(90 * SECOND, fewer)).toBe(0);
  });
});

function natChains(doc: RestoreDoc): readonly string[] {
  return doc.tables.find((table) => table.name === "nat")!.chains.map((chain) => chain.name);
}

function clusterOf(services: number, endpoints: number): ProxyView {
  return changeView(
    emptyView,
    Array.from({ length: services }, (_, index) => ({ key: `shop/web${index}`, ...webService(index, endpoints) })),
  );
}

function webService(index: number, endpoints: number): { readonly service: Service; readonly slices: readonly EndpointSlice[] } {
  const name = `web${index}`;
  return {
    service: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace: "shop" },
      spec: { type: "ClusterIP", clusterIP: `10.96.0.${index + 1}`, ports: [{ port: 80, protocol: "TCP" }] },
    },
    slices: [
      {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: { name, namespace: "shop", labels: { "kubernetes.io/service-name": name } },
        addressType: "IPv4",
        ports: [{ name: "", port: 80, protocol: "TCP" }],
        endpoints: Array.from({ length: endpoints }, (_, host) => ({ addresses: [`10.${index}.${host >> 8}.${host & 255}`] })),
      },
    ],
  };
}
