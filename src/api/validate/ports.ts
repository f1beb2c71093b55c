import type { IntOrString } from "../meta.js";
import { portNameFaults, portNumberFaults } from "../names.js";
import type { Faults } from "./faults.js";

/** Protocols in the sorted order of most messages. */
export const sortedProtocols = ["SCTP", "TCP", "UDP"] as const;

/** A port number or the name of a container port. */
export function checkPortOrName(faults: Faults, path: string, port: IntOrString): void {
  if (typeof port === "number") faults.invalidEach(path, port, portNumberFaults(port));
  else faults.invalidEach(path, port, portNameFaults(port));
}

export function checkProtocol(faults: Faults, path: string, protocol: string | undefined): void {
  if (protocol === undefined || protocol === "") faults.required(path);
  else faults.oneOf(path, protocol, sortedProtocols);
}
