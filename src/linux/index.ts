/**
 * Simulated Linux kernels: namespaces, devices, routing, netfilter, sockets; written to by acts, driven by an engine.
 *
 * `createStack` takes an engine, streams of chance and the tables that name addresses, causes, packets and payloads;
 * `plumb` is the one door by which namespaces are changed, with one act for each thing that the real tools do.
 *
 * @packageDocumentation
 */
export { type Addr, AddressBook, type AddressBookState } from "../base/address-book.js";
export type { Cidr, Words } from "../base/cidr.js";
export { type Cause, CauseTable, type CauseTableState } from "../base/causes.js";
export { Digest } from "../base/hash.js";
export { type Checkpoint, Checkpoints, type Part } from "../engine/checkpoint.js";
export { Engine, type EngineState, type EventHandler } from "../engine/engine.js";
export type { EventQueueState, EventRecord, PendingEvent } from "../engine/queue.js";
export { Streams, type StreamsState } from "../engine/rng.js";
export type { ArrayOf, Column, Columns, ColumnType, Schema, Table, TableState } from "../engine/table.js";
export type { TraceSink } from "../trace/sink.js";
export { createStack, type StackOptions } from "./boot.js";
export type { FdbTable } from "./dev/fdb-table.js";
export { deviceByName, deviceName, devicesOf } from "./device.js";
export type { FewPerRow } from "./few-per-row.js";
export type { FibState, FibTables, Nexthop, PathMtu, PolicyRule, Route, RouteTable, WaitingActs } from "./fib-table.js";
export type { FragmentQueue, FragmentState, FragmentTable } from "./fragment-table.js";
export type { GroCellTable } from "./gro-cell-table.js";
export { netnsByName } from "./netns.js";
export { NUD, type NeighbourTable, type NeighbourTableState } from "./neigh-table.js";
export type { ConntrackState, ConntrackTable } from "./nf/conntrack-table.js";
export type { HashlimitBucket, HashlimitConfig, HashlimitState, HashlimitTable, HashlimitTables } from "./nf/hashlimit-table.js";
export type { NameIds } from "./nf/name-ids.js";
export type { IpSet, IpSets, IpSetsState, SetEntry, SetOptions } from "./nf/ipset-table.js";
export type { NftCount } from "./nf/nft/nft-count.js";
export type { NftChain, NftCommand, NftElement, NftHookName, NftRule, NftSet } from "./nf/nft/nft-doc.js";
export type { NftTable, NftTables, NftTablesState } from "./nf/nft/nft-tables.js";
export type { RestoreChain, RestoreDoc, RestoreRule, RestoreTable } from "./nf/restore-doc.js";
export type { AddressTest, DeviceTest, Match, Rule, Target } from "./nf/rule.js";
export type { Chain, NfTable, NfTableState, NfTables, NfTablesState, RecentEntry } from "./nf/table.js";
export type { IpvsTables, IpvsState, IpvsTimeouts, Locality, LocalityEntry, ServerName, TrashedReal } from "./ipvs/ipvs-table.js";
export type * from "./plumbing/act.js";
export type * from "./plumbing/ipvs-act.js";
export type * from "./plumbing/qdisc-act.js";
export type * from "./plumbing/nft-act.js";
export type * from "./plumbing/tunnel-act.js";
export { plumb } from "./plumbing.js";
export { type AppDoor, launch, type Program } from "./sock/app.js";
export type { AppEvent } from "./sock/app-event.js";
export type { AppInfo, AppState, AppTable } from "./sock/app-table.js";
export type { PacketMarks } from "./sock/tcp.js";
export type { Chunk, SocketState, SocketTable } from "./sock/socket-table.js";
export {
  type BridgeOptions, DEV, DEVF, type DeviceColumns, type deviceColumns, type DeviceInfo, EV, HOOK, type InterfaceAddress, type IpipOptions, type LinkOptions,
  type NetnsColumns, type netnsColumns, type NetnsInfo, NF, type Ops, type Stack, type TokenBucket, type VxlanOptions, type WireguardOptions, type WireguardPeer,
} from "./stack.js";
export { stackParts } from "./stack-parts.js";
