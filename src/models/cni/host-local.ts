/**
 * host-local: addresses of one node's ranges, handed out round robin, so that a freed address rests until the range has been
 * gone through (containernetworking/plugins, plugins/ipam/host-local). The node's memory holds what the plugin's directory
 * /var/lib/cni/networks/NAME does: a file for each address with its owner, and for each range set the address given out last;
 * besides, by owner, what it holds.
 */
import { contains, parseAddress } from "../../base/cidr.js";
import type { NodeDoor } from "../node-door.js";
import { pluginError } from "./cni-errors.js";
import type { CniError } from "./cni-model.js";
import { addressText, type IpamConf, numberOfWords, type Range, type RangeConf, readRangeSets, setText } from "./host-local-ranges.js";

/** An address with its subnet's length, and the gateway beside it. */
export interface GivenAddress {
  readonly address: string;
  readonly gateway: string;
}

/** Who asks, and what else than the configuration has a say. */
export interface IpamCall {
  readonly network: string;
  readonly ipam: IpamConf;
  readonly containerId: string;
  readonly ifname: string;
  /** addresses asked for: CNI_ARGS `IP=`, `args.cni.ips`, `runtimeConfig.ips` */
  readonly wanted?: readonly string[];
  /** `runtimeConfig.ipRanges` */
  readonly ranges?: readonly (readonly RangeConf[])[];
}

const DATA_DIR = "/var/lib/cni/networks";

const folder = ({ network, ipam }: IpamCall): string => (ipam.dataDir === undefined || ipam.dataDir === DATA_DIR ? `host-local/${network}` : `host-local ${ipam.dataDir}/${network}`);
const addressKey = (call: IpamCall, address: string): string => `${folder(call)}/${address}`;
const lastKey = (call: IpamCall, set: number): string => `${folder(call)}/last_reserved_ip.${set}`;
const ownerKey = (call: IpamCall): string => `${folder(call)} ${ownerOf(call)}`;

const ownerOf = ({ containerId, ifname }: IpamCall): string => `${containerId}\r\n${ifname}`;

const NOTHING: readonly string[] = Object.freeze([]);

/** Addresses that the attachment holds in this network. */
function held({ memory }: NodeDoor, call: IpamCall): readonly string[] {
  return (memory.get(ownerKey(call)) as readonly string[] | undefined) ?? NOTHING;
}

/** ADD: one address of each range set. */
export function hostLocalAdd(door: NodeDoor, call: IpamCall): readonly GivenAddress[] | CniError {
  const sets = readRangeSets(call.ipam, call.ranges ?? []);
  if (typeof sets === "string") return pluginError(sets);
  const wanted = [...(call.wanted ?? [])];
  const before = held(door, call);
  const given: GivenAddress[] = [];
  for (const [i, set] of sets.entries()) {
    const at = wanted.findIndex((text) => rangeOf(set, text) !== undefined);
    const found = at >= 0 ? takeWanted(door, call, set, i, wanted.splice(at, 1)[0]!) : takeNext(door, call, set, i);
    if (typeof found === "string") return giveUp(door, call, before, `failed to allocate for range ${i}: ${found}`);
    given.push(found);
  }
  if (wanted.length === 0) return given;
  return giveUp(door, call, before, `failed to allocate all requested IPs: ${wanted.join(" ")}`);
}

/** What this call took is free again; what the attachment had before stays. */
function giveUp(door: NodeDoor, call: IpamCall, before: readonly string[], why: string): CniError {
  for (const address of held(door, call)) if (!before.includes(address)) door.memory.delete(addressKey(call, address));
  if (before.length === 0) door.memory.delete(ownerKey(call));
  else door.memory.set(ownerKey(call), before);
  return pluginError(why);
}

function rangeOf(set: readonly Range[], text: string): Range | undefined {
  const address = parseAddress(text);
  if (address === null) return undefined;
  const n = numberOfWords(address.family, address.words);
  return set.find(({ subnet, first, last }) => subnet.family === address.family && contains(subnet, address.words) && n >= first && n <= last);
}

/** False: somebody has it. */
function reserve(door: NodeDoor, call: IpamCall, index: number, address: string): boolean {
  if (door.memory.has(addressKey(call, address))) return false;
  door.memory.set(addressKey(call, address), ownerOf(call));
  door.memory.set(ownerKey(call), Object.freeze([...held(door, call), address]));
  door.memory.set(lastKey(call, index), address);
  return true;
}

function given({ subnet, gateway }: Range, address: string): GivenAddress {
  return { address: `${address}/${subnet.prefix}`, gateway: addressText(subnet.family, gateway) };
}

function takeWanted(door: NodeDoor, call: IpamCall, set: readonly Range[], index: number, text: string): GivenAddress | string {
  const range = rangeOf(set, text)!;
  const { family, words } = parseAddress(text)!;
  const n = numberOfWords(family, words);
  const address = addressText(family, n);
  if (n === range.gateway) return `requested ip ${address} is subnet's gateway`;
  return reserve(door, call, index, address) ? given(range, address) : `requested IP address ${address} is not available in range set ${setText(set)}`;
}

/** Round robin from behind the address given out last, over all ranges of the set, past their gateways. */
function takeNext(door: NodeDoor, call: IpamCall, set: readonly Range[], index: number): GivenAddress | string {
  const twice = held(door, call).find((address) => rangeOf(set, address) !== undefined);
  if (twice !== undefined) return `${twice} has been allocated to ${call.containerId}, duplicate allocation is not allowed`;
  const last = door.memory.get(lastKey(call, index)) as string | undefined;
  const lastRange = last === undefined ? undefined : rangeOf(set, last);
  const start = lastRange === undefined ? { at: 0, n: set[0]!.first } : stepFrom(set, set.indexOf(lastRange), numberOfWords(lastRange.subnet.family, parseAddress(last!)!.words));
  let here = start;
  do {
    const range = set[here.at]!;
    const address = addressText(range.subnet.family, here.n);
    if (here.n !== range.gateway && reserve(door, call, index, address)) return given(range, address);
    here = stepFrom(set, here.at, here.n);
  } while (here.at !== start.at || here.n !== start.n);
  return `no IP addresses available in range set: ${setText(set)}`;
}

function stepFrom(set: readonly Range[], at: number, n: bigint): { readonly at: number; readonly n: bigint } {
  if (n < set[at]!.last) return { at, n: n + 1n };
  const next = (at + 1) % set.length;
  return { at: next, n: set[next]!.first };
}

/** DEL: gives back whatever this attachment holds; nothing to give back is no error. */
export function hostLocalDel(door: NodeDoor, call: IpamCall): void {
  for (const address of held(door, call)) door.memory.delete(addressKey(call, address));
  door.memory.delete(ownerKey(call));
}

/** CHECK: whether the attachment has any address here. */
export function hostLocalCheck(door: NodeDoor, call: IpamCall): CniError | null {
  return held(door, call).length > 0 ? null : pluginError(`host-local: Failed to find address added by container ${call.containerId}`);
}
