/** BIRD's words for what ends a session. */
import { ERRNO, errnoName } from "../../../linux/sock/app.js";

const STATES: readonly string[] = ["Idle", "Connect", "Active", "OpenSent", "OpenConfirm", "Established", "Close"];

/** Name of a connection's state. */
export const stateName = (state: number): string => STATES[state]!;

const ERRORS: Readonly<Record<string, string>> = Object.freeze({
  "1.0": "Invalid message header",
  "1.1": "Connection not synchronized",
  "1.2": "Bad message length",
  "1.3": "Bad message type",
  "2.0": "Invalid OPEN message",
  "2.1": "Unsupported version number",
  "2.2": "Bad peer AS",
  "2.3": "Bad BGP identifier",
  "2.4": "Unsupported optional parameter",
  "2.5": "Authentication failure",
  "2.6": "Unacceptable hold time",
  "2.7": "Required capability missing",
  "3.0": "Invalid UPDATE message",
  "3.1": "Malformed attribute list",
  "3.2": "Unrecognized well-known attribute",
  "3.3": "Missing mandatory attribute",
  "3.4": "Invalid attribute flags",
  "3.5": "Invalid attribute length",
  "3.6": "Invalid ORIGIN attribute",
  "3.7": "AS routing loop",
  "3.8": "Invalid NEXT_HOP attribute",
  "3.9": "Optional attribute error",
  "3.10": "Invalid network field",
  "3.11": "Malformed AS_PATH",
  "4.0": "Hold timer expired",
  "5.0": "Finite state machine error",
  "5.1": "Unexpected message in OpenSent state",
  "5.2": "Unexpected message in OpenConfirm state",
  "5.3": "Unexpected message in Established state",
  "6.0": "Cease",
  "6.1": "Maximum number of prefixes reached",
  "6.2": "Administrative shutdown",
  "6.3": "Peer de-configured",
  "6.4": "Administrative reset",
  "6.5": "Connection rejected",
  "6.6": "Other configuration change",
  "6.7": "Connection collision resolution",
  "6.8": "Out of Resources",
  "6.9": "Hard reset",
});

/** Words of a NOTIFICATION. */
export function notificationWords(code: number, subcode: number): string {
  return ERRORS[`${code}.${subcode}`] ?? `Unknown error ${code}.${subcode}`;
}

const SOCKET_WORDS: Readonly<Record<string, string>> = Object.freeze({
  ECONNREFUSED: "Connection refused",
  ECONNRESET: "Connection reset by peer",
  EPIPE: "Broken pipe",
  ETIMEDOUT: "Connection timed out",
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  EADDRNOTAVAIL: "Cannot assign requested address",
  EACCES: "Permission denied",
});

/** strerror, or what is said of an orderly end. */
export function socketWords(errno: number): string {
  return errno === 0 ? "Connection closed" : (SOCKET_WORDS[errnoName(errno)] ?? errnoName(errno));
}

export { ERRNO };
