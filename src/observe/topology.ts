/**
 * The network as it stands: namespaces with their devices, and what joins them. Made by reading the kernels, so it shows what was
 * built and not what was meant.
 */
import { formatMac } from "../base/mac.js";
import { DEV, DEVF, type Stack } from "../linux/stack.js";
import type { Places } from "./path.js";

/** A device as `ip addr` would tell of it. */
export interface TopologyDevice {
  readonly name: string;
  readonly kind: string;
  readonly mac: string;
  readonly mtu: number;
  readonly up: boolean;
  readonly addresses: readonly string[];
}

/** A namespace: a machine's own, or a pod's on it. */
export interface TopologyNamespace {
  /** "kind-worker", or "kind-worker/default/web-0" */
  readonly id: string;
  readonly node: string;
  readonly netns: string;
  readonly devices: readonly TopologyDevice[];
}

/** What joins two devices, each written as namespace id and device name. */
export interface TopologyLink {
  readonly kind: "cable" | "veth" | "port" | "tunnel";
  readonly from: { readonly id: string; readonly device: string };
  readonly to: { readonly id: string; readonly device: string };
}

/** Namespaces by node and name, links in the order of their devices. */
export interface Topology {
  readonly namespaces: readonly TopologyNamespace[];
  readonly links: readonly TopologyLink[];
}

const KIND_WORDS: ReadonlyMap<number, string> = new Map(Object.entries(DEV).map(([word, number]) => [number, word]));

/** Reads the kernels of a world; loopback devices are left out, and namespaces that have nothing else. */
export function topology(s: Stack, places: Places): Topology {
  const ids = new Map<number, string>();
  const namespaces: TopologyNamespace[] = [];
  for (const [ns, info] of [...s.nsInfo].sort(([x], [y]) => x - y)) {
    const rows = [...info.devices.values()].filter((dev) => s.dev.c.kind[dev] !== DEV.loopback);
    if (rows.length === 0) continue;
    const { node, netns } = places(ns);
    const id = node === netns ? node : `${node}/${netns}`;
    ids.set(ns, id);
    namespaces.push({ id, node, netns, devices: rows.map((dev) => deviceOf(s, dev)) });
  }
  return { namespaces, links: linksOf(s, ids) };
}

function deviceOf(s: Stack, dev: number): TopologyDevice {
  const { name, addresses } = s.devInfo.get(dev)!;
  const { c } = s.dev;
  return {
    name,
    kind: KIND_WORDS.get(c.kind[dev]!) ?? "other",
    mac: formatMac(c.mac[dev]!),
    mtu: c.mtu[dev]!,
    up: (c.flags[dev]! & DEVF.up) !== 0,
    addresses: addresses.map(({ addr, prefix }) => `${s.book.text(addr)}/${prefix}`),
  };
}

/** Each pair once: from the row that came first. A tunnel joins its device with the one that its packets leave by. */
function linksOf(s: Stack, ids: ReadonlyMap<number, string>): TopologyLink[] {
  const { c } = s.dev;
  const end = (dev: number): TopologyLink["from"] | null => {
    const id = ids.get(c.ns[dev]!);
    return id === undefined ? null : { id, device: s.devInfo.get(dev)!.name };
  };
  const links: TopologyLink[] = [];
  const join = (kind: TopologyLink["kind"], x: number, y: number): void => {
    const [from, to] = [end(x), end(y)];
    if (from !== null && to !== null) links.push({ kind, from, to });
  };
  for (const dev of [...s.devInfo.keys()].sort((x, y) => x - y)) {
    const peer = c.peer[dev]!;
    const kind = c.kind[dev]!;
    if (peer !== 0 && (kind === DEV.veth || kind === DEV.uplink) && dev < peer) join(kind === DEV.veth ? "veth" : "cable", dev, peer);
    if (peer !== 0 && kind === DEV.vxlan) join("tunnel", dev, peer);
    if (c.master[dev] !== 0) join("port", dev, c.master[dev]!);
  }
  return links;
}
