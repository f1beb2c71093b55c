/**
 * host-local: addresses of one node's range, handed out round robin, so that a freed address rests until the range has been
 * gone through (containernetworking/plugins, plugins/ipam/host-local). The store is one frozen record in the node's memory.
 */
import { type Cidr, cidrSize, formatCidr, formatWords, nthAddress } from "../../base/cidr.js";
import type { NodeDoor } from "../node-door.js";
import type { CniError } from "./cni-model.js";
import { pluginError } from "./cni-errors.js";

/** What a directory /var/lib/cni/networks/NAME holds: owners by address, and the address given out last. */
export interface HostLocalStore {
  readonly owners: Readonly<Record<string, string>>;
  readonly last: number;
}

const EMPTY: HostLocalStore = Object.freeze({ owners: Object.freeze({}), last: -1 });

const keyOf = (network: string): string => `host-local/${network}`;

function storeOf(door: NodeDoor, network: string): HostLocalStore {
  return (door.memory.get(keyOf(network)) as HostLocalStore | undefined) ?? EMPTY;
}

const ownerOf = (id: string, ifname: string): string => `${id}\r\n${ifname}`;

/** Reserves the next free address of a subnet; the gateway is its first. `address` has the subnet's length. */
export function hostLocalAdd(door: NodeDoor, network: string, subnet: Cidr, id: string, ifname: string): { readonly address: string; readonly gateway: string } | CniError {
  const bits = subnet.family === 4 ? 32 : 128;
  if (subnet.prefix > bits - 2) return pluginError(`Network ${formatCidr(subnet)} too small to allocate from`);
  const store = storeOf(door, network);
  const owner = ownerOf(id, ifname);
  const text = (n: number): string => formatWords(subnet.family, nthAddress(subnet, n)!);
  for (const [address, holder] of Object.entries(store.owners)) {
    if (holder === owner) return pluginError(`${address} has been allocated to ${id}, duplicate allocation is not allowed`);
  }
  const first = 1;
  const last = Math.min(cidrSize(subnet), 2 ** 32) - (subnet.family === 4 ? 2 : 1);
  const start = store.last < 0 ? first : store.last >= last ? first : store.last + 1;
  for (let n = start, round = 0; round <= last - first; round++, n = n >= last ? first : n + 1) {
    if (n === 1 || store.owners[text(n)] !== undefined) continue;
    door.memory.set(keyOf(network), Object.freeze({ owners: Object.freeze({ ...store.owners, [text(n)]: owner }), last: n }));
    return { address: `${text(n)}/${subnet.prefix}`, gateway: text(1) };
  }
  return pluginError(`failed to allocate for range 0: no IP addresses available in range set: ${text(first)}-${text(last)}`);
}

/** Gives back whatever this attachment holds; nothing to give back is no error. */
export function hostLocalDel(door: NodeDoor, network: string, id: string, ifname: string): void {
  const store = storeOf(door, network);
  const owner = ownerOf(id, ifname);
  const kept = Object.entries(store.owners).filter(([, holder]) => holder !== owner);
  if (kept.length === Object.keys(store.owners).length) return;
  door.memory.set(keyOf(network), Object.freeze({ owners: Object.freeze(Object.fromEntries(kept)), last: store.last }));
}
