/**
 * host-local: addresses of one node's range, handed out round robin, so that a freed address rests until the range has been
 * gone through (containernetworking/plugins, plugins/ipam/host-local). The node's memory holds what the plugin's directory
 * /var/lib/cni/networks/NAME does: a file for each address with its owner, and the address given out last; besides, by owner,
 * what it holds.
 */
import { type Cidr, cidrSize, formatCidr, formatWords, nthAddress } from "../../base/cidr.js";
import type { NodeDoor } from "../node-door.js";
import type { CniError } from "./cni-model.js";
import { pluginError } from "./cni-errors.js";

const addressKey = (network: string, address: string): string => `host-local/${network}/${address}`;
const lastKey = (network: string, subnet: Cidr): string => `host-local/${network}/last_reserved_ip ${formatCidr(subnet)}`;
const ownerKey = (network: string, owner: string): string => `host-local/${network} ${owner}`;

const ownerOf = (id: string, ifname: string): string => `${id}\r\n${ifname}`;

interface Holding {
  readonly subnet: string;
  readonly address: string;
}

const NOTHING: readonly Holding[] = Object.freeze([]);

function holdings({ memory }: NodeDoor, network: string, owner: string): readonly Holding[] {
  return (memory.get(ownerKey(network, owner)) as readonly Holding[] | undefined) ?? NOTHING;
}

/** Reserves the next free address of a subnet; the gateway is its first. `address` has the subnet's length. */
export function hostLocalAdd(door: NodeDoor, network: string, subnet: Cidr, id: string, ifname: string): { readonly address: string; readonly gateway: string } | CniError {
  const bits = subnet.family === 4 ? 32 : 128;
  if (subnet.prefix > bits - 2) return pluginError(`Network ${formatCidr(subnet)} too small to allocate from`);
  const { memory } = door;
  const owner = ownerOf(id, ifname);
  const held = holdings(door, network, owner);
  const range = formatCidr(subnet);
  const twice = held.find((each) => each.subnet === range);
  if (twice !== undefined) return pluginError(`${twice.address} has been allocated to ${id}, duplicate allocation is not allowed`);
  const text = (n: number): string => formatWords(subnet.family, nthAddress(subnet, n)!);
  const first = 1;
  const last = Math.min(cidrSize(subnet), 2 ** 32) - (subnet.family === 4 ? 2 : 1);
  const before = (memory.get(lastKey(network, subnet)) as number | undefined) ?? last;
  const start = before >= last ? first : before + 1;
  for (let n = start, round = 0; round <= last - first; round++, n = n >= last ? first : n + 1) {
    const address = text(n);
    if (n === 1 || memory.has(addressKey(network, address))) continue;
    memory.set(addressKey(network, address), owner);
    memory.set(ownerKey(network, owner), Object.freeze([...held, Object.freeze({ subnet: range, address })]));
    memory.set(lastKey(network, subnet), n);
    return { address: `${address}/${subnet.prefix}`, gateway: text(1) };
  }
  return pluginError(`failed to allocate for range 0: no IP addresses available in range set: ${text(first)}-${text(last)}`);
}

/** Gives back whatever this attachment holds; nothing to give back is no error. */
export function hostLocalDel(door: NodeDoor, network: string, id: string, ifname: string): void {
  const owner = ownerOf(id, ifname);
  for (const { address } of holdings(door, network, owner)) door.memory.delete(addressKey(network, address));
  door.memory.delete(ownerKey(network, owner));
}
