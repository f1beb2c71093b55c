/** Names of chains and devices that the reference plugins make for one attachment (pkg/utils, plugins/meta/portmap/chain.go). */
import { sha512Hex } from "../../base/sha512.js";

/** Longest name of a chain that iptables-restore takes. */
const CHAIN_LENGTH = 28;
/** Longest name of a device. */
const DEVICE_LENGTH = 15;

const hashed = (prefix: string, network: string, containerId: string, length: number): string => `${prefix}${sha512Hex(`${network}${containerId}`)}`.slice(0, length);

/** `CNI-` and 24 digits. */
export const masqueradeChain = (network: string, containerId: string): string => hashed("CNI-", network, containerId, CHAIN_LENGTH);

/** `CNI-DN-` and 21 digits. */
export const portChain = (network: string, containerId: string): string => hashed("CNI-DN-", network, containerId, CHAIN_LENGTH);

/** `bwp` and 12 digits. */
export const ifbName = (network: string, containerId: string): string => hashed("bwp", network, containerId, DEVICE_LENGTH);
