/** `ipMasq` of the bridge and ptp plugins: a chain for each attachment that translates what leaves its subnet (pkg/ip/ipmasq_linux.go). */
import type { NodeDoor } from "../node-door.js";
import { masqueradeChain } from "./chain-name.js";
import type { CniError } from "./cni-model.js";
import { commentWords, dropChain, ensureChain, ensureRules, type RuleTable } from "./ensure-rules.js";

const GROUPS = { 4: "224.0.0.0/4", 6: "ff00::/8" } as const;

function placeOf(address: string, cause?: number): RuleTable {
  return { family: address.includes(":") ? 6 : 4, table: "nat", ...(cause === undefined ? {} : { cause }) };
}

const commentOf = (network: string, containerId: string): string => commentWords(`name: "${network}" id: "${containerId}"`);

const jumpOf = (network: string, containerId: string, address: string): { readonly chain: string; readonly spec: string } => ({
  chain: "POSTROUTING",
  spec: `-s ${address.split("/")[0]!} ${commentOf(network, containerId)} -j ${masqueradeChain(network, containerId)}`,
});

/** SetupIPMasq for one address of the attachment, `10.244.1.2/24`. */
export function setupIpMasq(door: NodeDoor, network: string, containerId: string, address: string, cause: number): CniError | null {
  const place = placeOf(address, cause);
  const chain = masqueradeChain(network, containerId);
  const comment = commentOf(network, containerId);
  const jump = jumpOf(network, containerId, address);
  return (
    ensureChain(door, place, chain) ??
    ensureRules(door, place, chain, [`-d ${address} ${comment} -j ACCEPT`, `! -d ${GROUPS[place.family]} ${comment} -j MASQUERADE`]) ??
    ensureRules(door, place, jump.chain, [jump.spec])
  );
}

/** TeardownIPMasq: what is not there is no error. */
export function teardownIpMasq(door: NodeDoor, network: string, containerId: string, address: string): void {
  dropChain(door, placeOf(address), masqueradeChain(network, containerId), [jumpOf(network, containerId, address)]);
}
