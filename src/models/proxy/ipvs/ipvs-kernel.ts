import { listDevice, listSet, listVirtualServers } from "../../../linux/plumbing/ipvs-list.js";
import type { NodeDoor } from "../../node-door.js";
import { bracketed, type Family } from "../sloppy-address.js";
import type { IpSet, RealServer } from "./ipvs-doc.js";
import type { IpvsKernel, KernelServer } from "./sync.js";

/** The dummy device that makes service addresses the node's own. */
export const IPVS_DEVICE = "kube-ipvs0";

/** A host prefix as ipset prints it: without. */
function asPrinted(text: string, family: Family): string {
  return text.endsWith(family === 4 ? "/32" : "/128") ? text.slice(0, text.lastIndexOf("/")) : text;
}

/** A wanted set with its entries in the words of `ipset list`. */
export function printedSet(set: IpSet, family: Family): IpSet {
  return set.type === "hash:ip,port,net" ? { ...set, entries: set.entries.map(({ text, cause }) => ({ text: asPrinted(text, family), cause })) } : set;
}

/** What a node's kernel holds of the IPVS mode in one family: the sets of these names, the addresses on its device, virtual servers. */
export function readIpvsKernel({ stack, ns }: NodeDoor, family: Family, sets: readonly IpSet[]): IpvsKernel {
  const bits = family === 4 ? 32 : 128;
  return {
    addresses: (listDevice(stack, ns, family, IPVS_DEVICE) ?? []).map((text) => `${text}/${bits}`),
    servers: listVirtualServers(stack, ns, family).map(({ protocol, addr, port, scheduler, persistent, flags, reals }): KernelServer => {
      const at = (ip: string, number: number): string => `${bracketed({ family, text: ip })}:${number}`;
      const listed = reals.map(({ active, inactive, ...real }) => ({
        real: { ip: real.addr, port: real.port, text: at(real.addr, real.port), weight: real.weight, cause: 0 } satisfies RealServer,
        active,
        inactive,
      }));
      return {
        server: { protocol, ip: addr, port, key: `${protocol.toUpperCase()} ${at(addr, port)}`, scheduler, persistence: persistent, flags, servers: [], cause: 0 },
        reals: listed,
      };
    }),
    sets: sets.flatMap((set): readonly IpSet[] => {
      const texts = listSet(stack, ns, set.name);
      return texts === null ? [] : [{ ...set, entries: texts.map((text) => ({ text, cause: 0 })) }];
    }),
  };
}
