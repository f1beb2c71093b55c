// The text of `podwire rules --config`: what one configured proxy programs for given objects.

import type { EndpointSlice, KubeObject, Node, Service } from "../../api/index.js";
import type { CauseOf } from "./cause-of.js";
import type { ProxyConfig } from "./config.js";
import { configuredIptablesNode, configuredIpvsNode, configuredNftablesNode } from "./configured-node.js";
import { IptablesRenderer } from "./iptables/render.js";
import { formatPayload, type RestoreDoc } from "./iptables/restore-doc.js";
import { formatSorted } from "./iptables/sorted-form.js";
import { activeChains, staleChains, syncDoc } from "./iptables/sync-doc.js";
import { formatIpvs, type IpvsDoc } from "./ipvs/ipvs-doc.js";
import { IpvsRenderer, ipvsDoc } from "./ipvs/render.js";
import { formatCanonical } from "./nftables/canonical-form.js";
import { formatListed } from "./nftables/listed-form.js";
import type { NftTable } from "./nftables/nft-doc.js";
import { NftablesRenderer, nftTable } from "./nftables/render.js";
import { buildView, type ProxyView } from "./view.js";

/** Objects as the API server stored them. */
export interface ProxyObjects {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  readonly nodes: readonly Node[];
}

/** The objects that a proxy looks at. */
export function proxyObjects(objects: readonly KubeObject[]): ProxyObjects {
  return {
    services: objects.filter((object) => object.kind === "Service"),
    slices: objects.filter((object) => object.kind === "EndpointSlice"),
    nodes: objects.filter((object) => object.kind === "Node"),
  };
}

/** The payload of the configured sync, full or partial. */
export function configuredIptables(config: ProxyConfig, objects: ProxyObjects, causeOf: CauseOf): RestoreDoc {
  const renderer = new IptablesRenderer(causeOf);
  const node = configuredIptablesNode(config, objects.nodes);
  const rules = renderer.render(viewOf(objects), node);
  const changed = config.sync === "partial" ? new Set(config.changedServices) : "all";
  return syncDoc(renderer, rules, node, { changed, stale: staleChains(config.existingNatChains, activeChains(rules)) });
}

/** The table that the nftables mode keeps on the node of a configuration. */
export function configuredNftables(config: ProxyConfig, objects: ProxyObjects, causeOf: CauseOf): NftTable {
  const node = configuredNftablesNode(config, objects.nodes);
  return nftTable(new NftablesRenderer(causeOf).render(viewOf(objects), node), node, causeOf);
}

/** What the IPVS mode keeps on the node of a configuration. */
export function configuredIpvs(config: ProxyConfig, objects: ProxyObjects, causeOf: CauseOf): IpvsDoc {
  const node = configuredIpvsNode(config, objects.nodes);
  return ipvsDoc(new IpvsRenderer(causeOf).render(viewOf(objects), node), node, causeOf);
}

/**
 * The rules as text. `sorted` is the order of kube-proxy's own tests; `saved`, what the kernel prints back, is null for
 * iptables, whose payload must be loaded into a kernel for that.
 */
export function configuredRulesText(
  mode: "iptables" | "nftables" | "ipvs",
  form: "payload" | "sorted" | "saved",
  config: ProxyConfig,
  objects: ProxyObjects,
): string | null {
  const noCause = (): number => 0;
  if (mode === "ipvs") return formatIpvs(configuredIpvs(config, objects, noCause), form === "sorted" ? formatSorted : formatPayload);
  if (mode === "nftables") return (form === "saved" ? formatListed : formatCanonical)(configuredNftables(config, objects, noCause));
  if (form === "saved") return null;
  return (form === "sorted" ? formatSorted : formatPayload)(configuredIptables(config, objects, noCause));
}

function viewOf(objects: ProxyObjects): ProxyView {
  return buildView(objects.services, objects.slices);
}
