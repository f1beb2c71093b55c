/**
 * Packets as flat records of integers, and their bytes on the wire.
 * @packageDocumentation
 */
export { DOUBLE_COLUMNS, type DoubleColumn, INT_COLUMNS, type IntColumn, IP_FLAG, PACKET_META, PacketColumns, TCP_FLAG } from "./columns.js";
export { flowHash, isReverseFlow, packetFlowHash, sameFlow } from "./flow-key.js";
export { Packets, type PacketsState } from "./packets.js";
export { Payloads, type PayloadsState } from "./payload.js";
