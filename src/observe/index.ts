/**
 * Pictures of what was recorded: text, records, capture files. All are made from the same trace.
 *
 * @packageDocumentation
 */
export { capture } from "./capture.js";
export { causeText, narrate, packetText, type Paint, PLAIN } from "./narrate.js";
export { type Places, pathOf } from "./path.js";
export { writePcapng } from "./pcapng.js";
export type * from "./walk-record.js";
