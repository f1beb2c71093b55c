/** Which addresses are neighbours on a link (neigh_find, if_connected of BIRD's nest/neighbor.c). */
import { contains, formatCidr, lastAddress, masked, formatWords, parseAddress, parseCidr } from "../../../base/cidr.js";
import type { LinkAddress, LinkRecord } from "../../../linux/plumbing/dump.js";

export interface Neighbour {
  readonly link: LinkRecord;
  /** our address on that link */
  readonly own: LinkAddress;
  /** the address is our own */
  readonly local: boolean;
}

/** Whether `address` lies on this address's subnet; its first and last address belong to nobody. */
function connected(own: LinkAddress, address: string): boolean {
  if (own.address === address) return true;
  const cidr = parseCidr(`${own.address}/${own.prefix}`)!;
  const { family, words } = parseAddress(address)!;
  if (family !== cidr.family || !contains(cidr, words)) return false;
  if (family === 6 || cidr.prefix >= 31) return true;
  return address !== formatWords(4, masked(cidr).words) && address !== formatWords(4, lastAddress(cidr));
}

/** The neighbour at an address, on the link of that name if one is given. */
export function findNeighbour(links: readonly LinkRecord[], address: string, device = ""): Neighbour | null {
  for (const link of links) {
    if (!link.up || (device !== "" && link.name !== device)) continue;
    for (const own of link.addresses) if (connected(own, address)) return { link, own, local: own.address === address };
  }
  return null;
}

/** Whether an address is one of the link's own. */
export function isOwnAddress(links: readonly LinkRecord[], device: string, address: string): boolean {
  return links.some((link) => link.name === device && link.addresses.some((own) => own.address === address));
}

/** Subnet of an address. */
export function subnetOf(own: LinkAddress): string {
  return formatCidr(masked(parseCidr(`${own.address}/${own.prefix}`)!));
}
