/**
 * Calico's IPAM: addresses from blocks that are affine to the node, a new block where those are full, and single addresses of
 * other nodes' blocks where there is none left (libcalico-go/lib/ipam/ipam.go). The datastore is one map for the cluster, of
 * frozen records; each change is noted by the prefix whose route it touches, for daemons to hear.
 *
 * Go's random generator is not reproduced: the walk over blocks begins at a place drawn from the node's name, the same ever.
 */
import { cidrSize, cutCidr, formatCidr, formatWords, indexOf, masked, nthAddress, parseAddress, parseCidr } from "../../../base/cidr.js";
import { fnv1a32 } from "../../../base/hash.js";
import { compareText } from "../../../base/names.js";
import { MINUTE } from "../../../base/time.js";
import type { CalicoOptions } from "./calico-options.js";
import { giveBack, type IpamBlock, newBlock, takeAddress } from "./ipam-block.js";

/** The datastore: `block/CIDR`, `affine/NODE`, `handle/ID`, `change/N`, and what the daemons put there. */
export type CalicoDatastore = Map<string, unknown>;

/** What a call of the IPAM came to. */
export type Assignment = { readonly address: string; readonly block: string; readonly borrowed: boolean } | { readonly refused: string };

/** A block of another node is taken over only if it has been empty for so long. */
const RECLAIM_AGE = MINUTE;
const CHANGES = "changes";

const blockKey = (cidr: string): string => `block/${cidr}`;

/** The block of a prefix, undefined if nobody has claimed it. */
export function blockOf(store: CalicoDatastore, cidr: string): IpamBlock | undefined {
  return store.get(blockKey(cidr)) as IpamBlock | undefined;
}

/** Prefixes of a node's blocks, in the order in which a list request gives them. */
export function affineBlocks(store: CalicoDatastore, node: string): readonly string[] {
  return (store.get(`affine/${node}`) ?? []) as readonly string[];
}

/** How many changes of prefixes there have been. */
export function changeCount(store: CalicoDatastore): number {
  return (store.get(CHANGES) ?? 0) as number;
}

/** The prefix, a block's or a borrowed address's, of the nth change from 0. */
export function changedPrefix(store: CalicoDatastore, n: number): string {
  return store.get(`change/${n}`) as string;
}

function noteChange(store: CalicoDatastore, prefix: string): void {
  const n = changeCount(store);
  store.set(`change/${n}`, prefix);
  store.set(CHANGES, n + 1);
}

/** The node whose workload holds a borrowed address `a.b.c.d/32`, undefined where none does. */
export function borrower(store: CalicoDatastore, prefix: string): string | undefined {
  return store.get(`borrowed/${prefix}`) as string | undefined;
}

/** Borrowed addresses of a node's workloads. */
export function borrowedBy(store: CalicoDatastore, node: string): readonly string[] {
  return (store.get(`borrows/${node}`) ?? []) as readonly string[];
}

function setList(store: CalicoDatastore, key: string, list: readonly string[]): void {
  if (list.length === 0) store.delete(key);
  else store.set(key, Object.freeze(list));
}

/** AutoAssign of one address to a handle, for a workload or tunnel of `node` at `now` (ns since boot). */
export function assignAddress(store: CalicoDatastore, options: CalicoOptions, node: string, handle: string, now: number): Assignment {
  const own = affineBlocks(store, node);
  for (const cidr of own) {
    const taken = take(store, blockOf(store, cidr)!, node, handle);
    if (taken !== null) return taken;
  }
  if (own.length >= options.maxBlocksPerHost) return { refused: "cannot allocate new block due to per host block limit" };
  const claimed = claim(store, options, node, now);
  if (claimed !== null) return take(store, claimed, node, handle)!;
  const none = "Assigned 0 out of 1 requested IPv4 addresses";
  if (options.strictAffinity) return { refused: `${none}; No more free affine blocks and strict affinity enabled` };
  for (const cidr of walk(options, node)) {
    const block = blockOf(store, cidr);
    const taken = block === undefined ? null : take(store, block, node, handle);
    if (taken !== null) return taken;
  }
  return { refused: `${none}; No IPs available in pools: [${options.pool}]` };
}

function take(store: CalicoDatastore, block: IpamBlock, node: string, handle: string): Exclude<Assignment, { refused: string }> | null {
  const taken = takeAddress(block, handle);
  if (taken === null) return null;
  store.set(blockKey(block.cidr), taken.block);
  const prefix = parseCidr(block.cidr)!;
  const address = formatWords(prefix.family, nthAddress(prefix, taken.ordinal)!);
  store.set(`handle/${handle}`, Object.freeze([...((store.get(`handle/${handle}`) ?? []) as readonly string[]), `${address} ${block.cidr} ${node}`]));
  const borrowed = block.affinity !== node;
  if (borrowed) {
    store.set(`borrowed/${address}/32`, node);
    setList(store, `borrows/${node}`, [...borrowedBy(store, node), `${address}/32`]);
    noteChange(store, `${address}/32`);
  }
  return { address, block: block.cidr, borrowed };
}

/** Prefixes of the pool's blocks from the node's own starting place, round to it. */
function* walk({ pool, blockSize }: CalicoOptions, node: string): Generator<string> {
  const whole = masked(parseCidr(pool)!);
  const count = 2 ** (blockSize - whole.prefix);
  const start = fnv1a32(node) % count;
  for (let i = 0; i < count; i++) yield formatCidr(cutCidr(whole, blockSize, (start + i) % count)!);
}

/** A block that nobody has, or else one that another node has left empty. */
function claim(store: CalicoDatastore, options: CalicoOptions, node: string, now: number): IpamBlock | null {
  let reclaimed: IpamBlock | undefined;
  for (const cidr of walk(options, node)) {
    const known = blockOf(store, cidr);
    if (known === undefined) return keep(store, newBlock(cidr, node, cidrSize(parseCidr(cidr)!), now));
    if (known.affinity !== "" && known.emptySince >= 0 && known.emptySince + RECLAIM_AGE <= now) reclaimed ??= known;
  }
  if (reclaimed === undefined) return null;
  dropAffinity(store, reclaimed);
  return keep(store, { ...reclaimed, affinity: node });
}

function keep(store: CalicoDatastore, block: IpamBlock): IpamBlock {
  const kept = Object.freeze(block);
  store.set(blockKey(kept.cidr), kept);
  setList(store, `affine/${kept.affinity}`, [...affineBlocks(store, kept.affinity), kept.cidr].sort(compareText));
  noteChange(store, kept.cidr);
  return kept;
}

function dropAffinity(store: CalicoDatastore, { affinity, cidr }: IpamBlock): void {
  setList(store, `affine/${affinity}`, affineBlocks(store, affinity).filter((each) => each !== cidr));
}

/** ReleaseByHandle: whatever the handle holds; nothing is no error. A block without affinity goes with its last address. */
export function releaseHandle(store: CalicoDatastore, handle: string, now: number): void {
  for (const held of (store.get(`handle/${handle}`) ?? []) as readonly string[]) {
    const [address, cidr, node] = held.split(" ") as [string, string, string];
    const block = blockOf(store, cidr);
    if (block === undefined) continue;
    const freed = giveBack(block, indexOf(parseCidr(cidr)!, parseAddress(address)!.words), now);
    if (freed.affinity === "" && freed.emptySince >= 0) store.delete(blockKey(cidr));
    else store.set(blockKey(cidr), freed);
    if (store.delete(`borrowed/${address}/32`)) {
      setList(store, `borrows/${node}`, borrowedBy(store, node).filter((each) => each !== `${address}/32`));
      noteChange(store, `${address}/32`);
    }
  }
  store.delete(`handle/${handle}`);
}

/** What kube-controllers do for a node that is gone: its addresses are given back, and its blocks' affinities. */
export function releaseNode(store: CalicoDatastore, node: string, now: number): void {
  const handles: string[] = [];
  for (const [key, value] of store) {
    if (key.startsWith("handle/") && (value as readonly string[]).some((held) => held.endsWith(` ${node}`))) handles.push(key.slice("handle/".length));
  }
  for (const handle of handles) releaseHandle(store, handle, now);
  for (const cidr of affineBlocks(store, node)) {
    const block = blockOf(store, cidr)!;
    if (block.emptySince >= 0) store.delete(blockKey(cidr));
    else store.set(blockKey(cidr), Object.freeze({ ...block, affinity: "" }));
    noteChange(store, cidr);
  }
  store.delete(`affine/${node}`);
}
