// The configuration file of `podwire rules --config`: one proxy on one node, as data. It describes a proxy as it runs,
// so values are taken as they are; only text that is no YAML and values of a wrong type are refused.

import { decodeRecord } from "../../api/decode.js";
import { any, bool, int32, list, record, type RecordShape, text as textShape } from "../../api/shapes/shape.js";
import { parseYaml } from "../../api/yaml-text.js";
import type { Problem } from "../../base/problem.js";
import { canonicalAddress } from "./sloppy-address.js";

/** A packet to be tried on the rules of a configuration. */
export interface ProxyFlow {
  readonly name: string;
  readonly sourceIP: string;
  readonly protocol: string;
  readonly destIP: string;
  readonly destPort: number;
  /** What is expected, where the file says so. */
  readonly output: string;
  readonly masq: boolean | "mixed" | null;
}

/** A node and its proxy, as a file describes them. */
export interface ProxyConfig {
  readonly ipFamily: string;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly nodeLocalIPs: readonly string[];
  readonly masqueradeMark: string;
  readonly randomFully: boolean;
  readonly masqueradeAll: boolean;
  readonly detectLocal: {
    readonly mode: string;
    readonly cidr: string;
    readonly bridgeInterface: string;
    readonly interfaceNamePrefix: string;
  };
  readonly localhostNodePorts: boolean;
  /** Null where the file does not say: each mode has its own default. */
  readonly nodePortAddresses: readonly string[] | null;
  readonly conntrackTCPBeLiberal: boolean;
  readonly nfacct: { readonly ct_state_invalid_dropped_pkts: boolean; readonly localhost_nps_accepted_pkts: boolean };
  readonly sync: string;
  readonly changedServices: readonly string[];
  readonly existingNatChains: readonly string[];
  readonly serviceCIDRs: readonly string[];
  /** Kubernetes release whose nftables text is wanted, empty for the oldest that is described. */
  readonly release: string;
  /** Empty: round robin. */
  readonly scheduler: string;
  readonly strictARP: boolean;
  readonly excludeCIDRs: readonly string[];
  /** In which form the text that goes with this file stands, where the file says so. */
  readonly expectedForm: string;
  readonly flows: readonly ProxyFlow[];
}

const PROTOCOLS: readonly string[] = Object.freeze(["tcp", "udp", "sctp"]);

const flowShape = record("Flow", {
  name: textShape,
  sourceIP: textShape,
  protocol: textShape,
  destIP: textShape,
  destPort: int32,
  output: textShape,
  masq: any,
});

const configShape: RecordShape = record("ProxyConfig", {
  source: any,
  expectedForm: textShape,
  ipFamily: textShape,
  nodeName: textShape,
  nodeIP: textShape,
  nodeLocalIPs: list(textShape),
  masqueradeMark: textShape,
  randomFully: bool,
  masqueradeAll: bool,
  detectLocal: record("DetectLocal", { mode: textShape, cidr: textShape, bridgeInterface: textShape, interfaceNamePrefix: textShape }),
  localhostNodePorts: bool,
  nodePortAddresses: list(textShape),
  conntrackTCPBeLiberal: bool,
  nfacct: record("Nfacct", { ct_state_invalid_dropped_pkts: bool, localhost_nps_accepted_pkts: bool }),
  sync: textShape,
  changedServices: list(textShape),
  existingNatChains: list(textShape),
  serviceCIDRs: list(textShape),
  release: textShape,
  scheduler: textShape,
  strictARP: bool,
  excludeCIDRs: list(textShape),
  flows: list(flowShape),
});

/** What a file may leave out: anything. */
type Written = { readonly [K in keyof ProxyConfig]?: Partial<ProxyConfig[K]> };
type WrittenFlow = Partial<Omit<ProxyFlow, "masq">> & { readonly masq?: unknown };

const DEFAULTS: ProxyConfig = Object.freeze({
  ipFamily: "IPv4",
  nodeName: "",
  nodeIP: "",
  nodeLocalIPs: Object.freeze([]),
  masqueradeMark: "0x00004000",
  randomFully: true,
  masqueradeAll: false,
  detectLocal: Object.freeze({ mode: "ClusterCIDR", cidr: "", bridgeInterface: "", interfaceNamePrefix: "" }),
  localhostNodePorts: true,
  nodePortAddresses: null,
  conntrackTCPBeLiberal: false,
  nfacct: Object.freeze({ ct_state_invalid_dropped_pkts: true, localhost_nps_accepted_pkts: true }),
  sync: "full",
  changedServices: Object.freeze([]),
  existingNatChains: Object.freeze([]),
  serviceCIDRs: Object.freeze([]),
  release: "",
  scheduler: "",
  strictARP: false,
  excludeCIDRs: Object.freeze([]),
  expectedForm: "",
  flows: Object.freeze([]),
});

/** Reads a configuration; every value that is not there is what kube-proxy has by default. Keys that mean nothing are warnings. */
export function readProxyConfig(
  text: string,
  file: string,
): { readonly config: ProxyConfig | null; readonly problems: readonly Problem[] } {
  const document = parseYaml(text)[0];
  if (document !== undefined && !("tree" in document)) {
    const problems = document.faults.map(({ message, line, column }) => problemAt("malformed-yaml", "", message, line, column, file));
    return { config: null, problems };
  }
  if (document?.tree.kind !== "map") {
    return { config: null, problems: [problemAt("wrong-type", "", "a configuration is a map of keys", 1, 1, file)] };
  }
  const { value, faults, places } = decodeRecord(document.tree, configShape);
  const problems = faults.map(
    ({ code, path, message, line, column, fix }): Problem => ({
      ...problemAt(code, path, message, line, column, file),
      severity: code === "unknown-field" ? "warning" : "error",
      ...(fix === undefined ? {} : { fix }),
    }),
  );
  const flows = ((value["flows"] ?? []) as readonly WrittenFlow[]).map((flow, index) => {
    const masq = flow.masq ?? null;
    const isMasq = masq === null || typeof masq === "boolean" || masq === "mixed";
    const faults = [...(isMasq ? [] : [["masq", "must be true, false or mixed"] as const]), ...flowFaults(flow)];
    for (const [key, message] of faults) {
      const path = `flows[${index}].${key}`;
      const [line, column] = places[path] ?? [1, 1];
      problems.push(problemAt(key === "masq" ? "wrong-type" : "invalid-value", path, message, line, column, file));
    }
    return completeFlow(flow, isMasq ? masq : null);
  });
  if (problems.some((problem) => problem.severity === "error")) return { config: null, problems };
  const written = value as Written;
  const config = {
    ...DEFAULTS,
    ...written,
    detectLocal: { ...DEFAULTS.detectLocal, ...written.detectLocal },
    nfacct: { ...DEFAULTS.nfacct, ...written.nfacct },
    flows,
  } as ProxyConfig;
  return { config, problems };
}

function completeFlow(flow: WrittenFlow, masq: ProxyFlow["masq"]): ProxyFlow {
  return { name: "", sourceIP: "", protocol: "tcp", destIP: "", destPort: 0, output: "", ...flow, masq };
}

/** What is wrong with the written values of a flow: key and message. */
function flowFaults({ sourceIP, destIP, protocol, destPort }: WrittenFlow): readonly (readonly [key: string, message: string])[] {
  const faults: (readonly [string, string])[] = [];
  for (const [key, text] of [["sourceIP", sourceIP], ["destIP", destIP]] as const) {
    if (text !== undefined && canonicalAddress(text) === null) faults.push([key, `Invalid value: "${text}": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`]);
  }
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) faults.push(["protocol", `Unsupported value: "${protocol}": supported values: "tcp", "udp", "sctp"`]);
  if (destPort !== undefined && (destPort < 1 || destPort > 65535)) faults.push(["destPort", `Invalid value: ${destPort}: must be between 1 and 65535, inclusive`]);
  return faults;
}

/** The mode that a configuration is for, told by keys that only one mode has. */
export function configuredMode(config: ProxyConfig): "iptables" | "nftables" | "ipvs" {
  if (config.release !== "" || config.serviceCIDRs.length > 0) return "nftables";
  return config.scheduler !== "" || config.strictARP || config.excludeCIDRs.length > 0 ? "ipvs" : "iptables";
}

function problemAt(code: string, path: string, message: string, line: number, column: number, file: string): Problem {
  return { code, severity: "error", path, message, file, line, column };
}
