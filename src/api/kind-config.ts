/*
 * kind's cluster config to plain options.
 * Read first: kubernetes-sigs/kind pkg/apis/config/v1alpha4/types.go and pkg/internal/apis/config/validate.go.
 */
import { clusterFamilies, type ClusterFamily, ConfigReader, type ConfigResult } from "./config-reader.js";
import { type KubeProxyIpvs, readKubeProxyPatches } from "./kube-proxy-patch.js";
import { kindConfigShape } from "./shapes/cluster-config.js";
import { textOf } from "./tree.js";

/** A port of the host that a node container publishes. */
export interface PortMapping {
  readonly containerPort: number;
  readonly hostPort: number;
  readonly listenAddress: string;
  readonly protocol: string;
}

/** One node of a kind cluster config. */
export interface NodeConfig {
  readonly role: "control-plane" | "worker";
  /** `kind-control-plane`, `kind-worker2`. */
  readonly name: string;
  readonly image?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly extraPortMappings: readonly PortMapping[];
}

/** A kind cluster config with every blank filled. */
export interface KindConfig {
  readonly name: string;
  readonly nodes: readonly NodeConfig[];
  readonly ipFamily: ClusterFamily;
  /** One CIDR for each family, primary first. */
  readonly podSubnets: readonly string[];
  readonly serviceSubnets: readonly string[];
  readonly apiServerAddress: string;
  /** 0 lets the host choose. */
  readonly apiServerPort: number;
  readonly disableDefaultCNI: boolean;
  readonly kubeProxyMode: "iptables" | "ipvs" | "nftables" | "none";
  /** from a kubeadm patch of kind KubeProxyConfiguration */
  readonly kubeProxyIpvs?: KubeProxyIpvs;
  readonly dnsSearch?: readonly string[];
}

const kindVersion = "kind.x-k8s.io/v1alpha4";
const podDefaults = Object.freeze({ ipv4: "10.244.0.0/16", ipv6: "fd00:10:244::/56", dual: "10.244.0.0/16,fd00:10:244::/56" });
const serviceDefaults = Object.freeze({ ipv4: "10.96.0.0/16", ipv6: "fd00:10:96::/112", dual: "10.96.0.0/16,fd00:10:96::/112" });
const proxyModes = ["iptables", "ipvs", "nftables", "none"] as const;

/** Reads a kind cluster config; fields that podwire does not use are accepted and left out. */
export function readKindConfig(text: string, file = ""): ConfigResult<KindConfig> {
  const reader = new ConfigReader(file, "error");
  const tree = reader.document(text, (apiVersion, kind) => kind === "Cluster" && apiVersion.startsWith("kind.x-k8s.io/"));
  if (tree === undefined) return reader.failed(`expected kind: Cluster with apiVersion: ${kindVersion}`);
  if (textOf(tree, "apiVersion") !== kindVersion) reader.error("apiVersion", `unknown apiVersion: ${textOf(tree, "apiVersion")}`);
  const written = reader.decode(tree, kindConfigShape) as WrittenKind;
  const config = kindConfig(written, reader);
  return reader.result(config);
}

interface WrittenNode {
  readonly role?: string;
  readonly image?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly extraPortMappings?: readonly Partial<PortMapping>[];
}

interface WrittenKind {
  readonly name?: string;
  readonly nodes?: readonly WrittenNode[];
  readonly kubeadmConfigPatches?: unknown;
  readonly networking?: {
    readonly ipFamily?: string;
    readonly podSubnet?: string;
    readonly serviceSubnet?: string;
    readonly apiServerAddress?: string;
    readonly apiServerPort?: number;
    readonly disableDefaultCNI?: boolean;
    readonly kubeProxyMode?: string;
    readonly dnsSearch?: readonly string[];
  };
}

function kindConfig(written: WrittenKind, reader: ConfigReader): KindConfig {
  const { networking = {} } = written;
  const name = written.name === undefined || written.name === "" ? "kind" : written.name;
  if (!/^[a-z0-9.-]+$/.test(name)) {
    reader.error("name", `'${name}' is not a valid cluster name, cluster names must match \`^[a-z0-9.-]+$\``);
  }
  const ipFamily = reader.choice("networking.ipFamily", networking.ipFamily, clusterFamilies, "ipv4", "invalid ipFamily");
  const patch = readKubeProxyPatches(written.kubeadmConfigPatches, reader);
  const given = reader.choice("networking.kubeProxyMode", networking.kubeProxyMode, proxyModes, "iptables", "invalid kubeProxyMode");
  const mode = reader.choice("kubeadmConfigPatches", patch.mode, proxyModes, given, "invalid mode of KubeProxyConfiguration");
  const port = networking.apiServerPort ?? 0;
  if (port < -1 || port > 65535) reader.error("networking.apiServerPort", `invalid apiServerPort: invalid port number: ${port}`);
  const podSubnets = reader.subnets("networking.podSubnet", networking.podSubnet ?? podDefaults[ipFamily], ipFamily);
  const serviceSubnets = reader.subnets("networking.serviceSubnet", networking.serviceSubnet ?? serviceDefaults[ipFamily], ipFamily);
  reader.apart(podSubnets, serviceSubnets);
  return {
    name,
    nodes: nodes(written.nodes ?? [{}], name, reader),
    ipFamily,
    podSubnets,
    serviceSubnets,
    apiServerAddress: networking.apiServerAddress ?? (ipFamily === "ipv6" ? "::1" : "127.0.0.1"),
    apiServerPort: Math.max(0, port),
    disableDefaultCNI: networking.disableDefaultCNI ?? false,
    kubeProxyMode: mode,
    ...(patch.ipvs === undefined ? {} : { kubeProxyIpvs: patch.ipvs }),
    ...(networking.dnsSearch === undefined ? {} : { dnsSearch: networking.dnsSearch }),
  };
}

function nodes(written: readonly WrittenNode[], cluster: string, reader: ConfigReader): readonly NodeConfig[] {
  const counts = { "control-plane": 0, worker: 0 };
  const read = written.map((node, index): NodeConfig => {
    const path = `nodes[${index}]`;
    const role = reader.choice(`${path}.role`, node.role, ["control-plane", "worker"] as const, "control-plane", "invalid role");
    counts[role] += 1;
    return {
      role,
      name: `${cluster}-${role}${counts[role] === 1 ? "" : counts[role]}`,
      ...(node.image === undefined ? {} : { image: node.image }),
      labels: node.labels ?? {},
      extraPortMappings: (node.extraPortMappings ?? []).map((each, at) => mapping(each, `${path}.extraPortMappings[${at}]`, reader)),
    };
  });
  if (counts["control-plane"] === 0) reader.error("nodes", "must have at least one control-plane node");
  return read;
}

function mapping(written: Partial<PortMapping>, path: string, reader: ConfigReader): PortMapping {
  const { containerPort = 0, hostPort = 0, listenAddress = "0.0.0.0" } = written;
  const protocol = reader.choice(`${path}.protocol`, written.protocol?.toUpperCase(), ["TCP", "UDP", "SCTP"] as const, "TCP", "invalid protocol");
  if (containerPort < 1 || containerPort > 65535) reader.error(`${path}.containerPort`, `invalid containerPort: invalid port number: ${containerPort}`);
  if (hostPort < -1 || hostPort > 65535) reader.error(`${path}.hostPort`, `invalid hostPort: invalid port number: ${hostPort}`);
  return { containerPort, hostPort, listenAddress, protocol };
}
