/**
 * Pictures of what was recorded: text, records, capture files. All are made from the same trace.
 *
 * @packageDocumentation
 */
export { capture } from "./capture.js";
export { controlTimeline, type ControlMoment, type ControlTimeline, controlTimelineText } from "./control-timeline.js";
export { causeText, narrate, packetText, type Paint, PLAIN, summarize } from "./narrate.js";
export { type Places, pathOf } from "./path.js";
export { type Capture, type CapturedPacket, type CaptureInterface, writePcapng } from "./pcapng.js";
export { commandsOf, formatTyped, NamespaceNames, type NamespaceWords, transcriptText, type TypedCommand } from "./transcript.js";
export { type DeviceCount, type DropCount, type Statistics, statistics, statisticsText } from "./statistics.js";
export { type Topology, topology, type TopologyDevice, type TopologyLink, type TopologyNamespace } from "./topology.js";
export { topologyDot, topologyMermaid, topologyText } from "./topology-diagram.js";
export { walkMarkdown } from "./walk-markdown.js";
export { walkMermaid } from "./walk-mermaid.js";
export type * from "./walk-record.js";
export { TraceRing, type TraceRingState, type TraceStep } from "../trace/ring.js";
