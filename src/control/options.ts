/** What a control plane is made of: its nodes, ranges and models. */
import type { Container, Labels, Pod, Taint } from "../api/index.js";
import type { BalancerModel } from "../models/balancer/balancer-model.js";
import type { CniModel } from "../models/cni/cni-model.js";
import type { Delays } from "./delays.js";
import type { IpvsTimeoutSettings } from "../models/proxy/ipvs/ipvs-node.js";
import type { EnforceModel } from "../models/enforce/enforce-model.js";

/** A machine that stands before the cluster does: its root namespace has its addresses and routes. */
export interface PlaneNode {
  readonly name: string;
  readonly role: "control-plane" | "worker";
  /** row of its root namespace */
  readonly ns: number;
  /** InternalIP addresses, IPv4 first */
  readonly addresses: readonly string[];
  readonly labels?: Labels;
  readonly taints?: readonly Taint[];
  /** device with the default route, eth0 unless given */
  readonly uplink?: string;
}

/** What NodeLocal DNSCache is made with. */
export interface NodeLocalDns {
  /** "169.254.20.10" */
  readonly localIp: string;
  /** it listens on the address of Service kube-dns as well, as it may where kube-proxy's mode is iptables */
  readonly bindsService: boolean;
}

/** A program to be launched in a pod's namespace. */
export interface ProgramChoice {
  readonly program: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** What a control plane is made of: nodes, ranges, models and delays. */
export interface ControlPlaneOptions {
  readonly nodes: readonly PlaneNode[];
  /** `--cluster-cidr`, one for each family */
  readonly clusterCidrs: readonly string[];
  /** `--service-cluster-ip-range`, the primary family first */
  readonly serviceCidrs: readonly string[];
  /** `--node-cidr-mask-size`, 24 unless given; `--node-cidr-mask-size-ipv6`, 64 unless given */
  readonly nodeMask?: number;
  readonly nodeMask6?: number;
  /** Address of Service kube-system/kube-dns; null: no cluster DNS. */
  readonly dnsIp: string | null;
  readonly clusterDomain?: string;
  /** NodeLocal DNSCache beside the cluster DNS; left out: none. */
  readonly nodeLocalDns?: NodeLocalDns;
  readonly cni: CniModel;
  /** kube-proxy's mode; what else there is is of IPVS alone: `ipvs.scheduler` ("rr"), `ipvs.strictARP` (false) and the timeouts */
  readonly proxy: { readonly mode: "iptables" | "nftables" | "ipvs"; readonly scheduler?: string; readonly strictARP?: boolean; readonly timeouts?: IpvsTimeoutSettings } | null;
  readonly enforce: EnforceModel | null;
  /** What gives Services of type LoadBalancer their addresses; left out: nobody, and they stay `<pending>`. */
  readonly balancer?: BalancerModel;
  /** namespace of the switch and router that the nodes hang on, for the balancer */
  readonly fabric?: number;
  readonly delays?: Partial<Delays>;
  /** Which program a container runs; null: none. Left out: `server` for its ports, `coredns` for CoreDNS. */
  readonly program?: (pod: Pod, container: Container) => ProgramChoice | null;
  /**
   * Whether probes are sent as packets, or look at whether a pod's programs listen on the port, once; by default packets where
   * there are at most 16 nodes and 200 pods.
   */
  readonly probes?: "packets" | "listeners";
  /** Show the control plane's static pods, and those of kube-proxy and the CNI, as pods; left out: no. */
  readonly systemPods?: boolean;
  /** Keep Endpoints objects beside the slices of Services with selectors; by default where there are at most 16 nodes. */
  readonly endpoints?: boolean;
  /** Seconds since 1970 at boot, 2026-01-01T00:00:00Z unless given. */
  readonly epoch?: number;
  /** Keep every act done on a node; by default where there are at most 16. */
  readonly transcripts?: boolean;
  /** Let rules, and what nodes write about each other, wait until a packet or a reader needs them; by default where there are more than 16 nodes. */
  readonly lazy?: boolean;
  /** Events kept, 20,000 unless given. */
  readonly eventLimit?: number;
}

export const DEFAULT_EPOCH = 1_767_225_600;
