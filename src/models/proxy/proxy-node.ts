import type { ChoosingNode } from "./endpoint-choice.js";
import { type Address, canonicalAddress, type Family, isLoopback, type Network, networkHolds, readNetwork } from "./sloppy-address.js";

/** How a proxy tells packets of this node's pods from others; null where nothing is known. */
export type LocalDetector =
  | { readonly kind: "cidr"; readonly cidr: string }
  | { readonly kind: "bridge" | "prefix"; readonly name: string };

/** Everything about one node's proxy of one family that is not Services and endpoints. */
export interface ProxyNode extends ChoosingNode {
  readonly family: Family;
  /** The node's primary address of the family, null if it has none. */
  readonly primary: Address | null;
  /** Every address on the node's interfaces, of both families. */
  readonly addresses: readonly Address[];
  /** The bit as text, `0x00004000` in a real payload. */
  readonly mark: string;
  readonly masqueradeAll: boolean;
  readonly detector: LocalDetector | null;
  readonly nodePorts: NodePortAddresses;
}

/** Which of the node's addresses answer node ports. */
export interface NodePortAddresses {
  readonly matchAll: boolean;
  /** Some listed network holds IPv4 loopback. */
  readonly loopback: boolean;
  /** Where not all match: the node's own addresses inside the listed networks, in the order of the node's list. */
  readonly chosen: readonly Address[];
}

/**
 * Reads a `nodePortAddresses` list for one family. `primary` stands for the node's own address; a list that names no
 * network of the family, or a /0 one, means every address.
 */
export function readNodePortAddresses(
  list: readonly string[],
  family: Family,
  primary: Address | null,
  addresses: readonly Address[],
): NodePortAddresses {
  const networks = list.flatMap((text) => (text === "primary" ? ownNetwork(primary) : (readNetwork(text) ?? [])));
  const ofFamily = networks.filter((network) => network.family === family);
  const zero = readNetwork(family === 4 ? "0.0.0.0/0" : "::/0")!;
  const used = ofFamily.length === 0 ? [zero] : ofFamily;
  const loopbackBase = canonicalAddress("127.0.0.0")!;
  const chosen = new Map<string, Address>();
  for (const address of addresses) if (used.some((network) => networkHolds(network, address))) chosen.set(address.text, address);
  return {
    matchAll: used.some((network) => network.prefix === 0),
    loopback: family === 4 && used.some((network) => isLoopback(network) || networkHolds(network, loopbackBase)),
    chosen: [...chosen.values()],
  };
}

function ownNetwork(primary: Address | null): readonly Network[] {
  return primary === null ? [] : [{ ...primary, prefix: primary.family === 4 ? 32 : 128 }];
}
