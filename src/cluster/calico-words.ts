/** Calico's options behind a colon, in the words of its own objects: "calico:encapsulation=IPIP,blockSize=27". */
import { CALICO_DEFAULTS, type CalicoOptions, ENCAPSULATIONS } from "../models/cni/calico/calico-options.js";

interface Word {
  readonly may: string;
  takes(value: string): boolean;
}

const SWITCH: Word = { may: "Enabled or Disabled", takes: (value) => value === "Enabled" || value === "Disabled" };

const WORDS: Readonly<Record<string, Word>> = Object.freeze({
  encapsulation: { may: ENCAPSULATIONS.join(", "), takes: (value: string) => ENCAPSULATIONS.some((each) => each === value) },
  blockSize: { may: "a number from 20 to 32", takes: (value: string) => /^(2[0-9]|3[0-2])$/.test(value) },
  natOutgoing: SWITCH,
  strictAffinity: SWITCH,
  maxBlocksPerHost: { may: "a positive number", takes: (value: string) => /^[1-9][0-9]*$/.test(value) },
  clusterRoutingMode: { may: "Felix or BIRD", takes: (value: string) => value === "Felix" || value === "BIRD" },
  routeReflectors: { may: "a positive number of nodes", takes: (value: string) => /^[1-9][0-9]*$/.test(value) },
  bgpPeers: { may: "rack", takes: (value: string) => value === "rack" },
  asNumber: { may: "a number from 1 to 4294967295", takes: (value: string) => /^[1-9][0-9]{0,9}$/.test(value) && Number(value) < 2 ** 32 },
});

/** Why `key=value` is no option of Calico, in a sentence; null if it is one. */
export function calicoWordFault(key: string, value: string): string | null {
  const word = Object.hasOwn(WORDS, key) ? WORDS[key] : undefined;
  if (word === undefined) return `there is no option "${key}": supported options: ${Object.keys(WORDS).join(", ")}`;
  return word.takes(value) ? null : `${key} must be ${word.may}`;
}

/** Why words do not go together, in a sentence; null if they do. */
export function calicoWordsFault({ encapsulation = CALICO_DEFAULTS.encapsulation, clusterRoutingMode, routeReflectors, asNumber, bgpPeers }: Readonly<Record<string, string>>, topology: string): string | null {
  const bird = clusterRoutingMode === "BIRD";
  if (bird && encapsulation.startsWith("VXLAN")) return `clusterRoutingMode=BIRD goes with encapsulation None, IPIP or IPIPCrossSubnet: routes over VXLAN are always Felix's`;
  if (!bird && bgpPeers === undefined && (routeReflectors ?? asNumber) !== undefined) return `${routeReflectors === undefined ? "asNumber" : "routeReflectors"} needs clusterRoutingMode=BIRD: Felix speaks no BGP`;
  if (bgpPeers === undefined) return null;
  if (!bird || encapsulation !== "None") return "bgpPeers=rack needs encapsulation=None and clusterRoutingMode=BIRD";
  if (routeReflectors !== undefined) return "bgpPeers=rack and routeReflectors exclude each other: nodes speak to their rack's router alone";
  return topology === "leaf-spine" ? null : 'bgpPeers=rack needs racks: fabric.topology must be "leaf-spine"';
}

/** A node, and the router of its rack. */
interface Place {
  readonly name: string;
  readonly gateway: string;
  readonly gatewayAs?: number;
}

/** AS number of nodes, as words say it. */
export const asNumberOf = ({ asNumber }: Readonly<Record<string, string>>): number => (asNumber === undefined ? CALICO_DEFAULTS.asNumber : Number(asNumber));

/** The options that checked words stand for, on these nodes in order. */
export function calicoOptions(words: Readonly<Record<string, string>>, nodes: readonly Place[] = []): Partial<CalicoOptions> {
  const { encapsulation, blockSize, natOutgoing, strictAffinity, maxBlocksPerHost, clusterRoutingMode, routeReflectors, asNumber, bgpPeers } = words;
  const known = ENCAPSULATIONS.find((each) => each === encapsulation);
  return {
    ...(known === undefined ? {} : { encapsulation: known }),
    ...(blockSize === undefined ? {} : { blockSize: Number(blockSize) }),
    ...(natOutgoing === undefined ? {} : { natOutgoing: natOutgoing === "Enabled" }),
    ...(strictAffinity === undefined ? {} : { strictAffinity: strictAffinity === "Enabled" }),
    ...(maxBlocksPerHost === undefined ? {} : { maxBlocksPerHost: Number(maxBlocksPerHost) }),
    ...(clusterRoutingMode === "BIRD" ? { clusterRoutingMode } : {}),
    ...(routeReflectors === undefined ? {} : { routeReflectors: nodes.slice(0, Number(routeReflectors)).map(({ name }) => name) }),
    ...(asNumber === undefined ? {} : { asNumber: asNumberOf(words) }),
    ...(bgpPeers === undefined ? {} : { peers: Object.fromEntries(nodes.flatMap(({ name, gateway, gatewayAs }) => (gatewayAs === undefined ? [] : [[name, { address: gateway, asNumber: gatewayAs }]]))) }),
  };
}
