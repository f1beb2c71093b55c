/* The networking part of a kubeadm config. Read first: k8s.io/kubernetes cmd/kubeadm/app/apis/kubeadm/v1beta4/types.go. */
import { ConfigReader, type ConfigResult } from "./config-reader.js";
import { clusterConfigShape } from "./shapes/cluster-config.js";

/** The networking fields of a kubeadm ClusterConfiguration. */
export interface ClusterConfig {
  readonly podSubnets: readonly string[];
  readonly serviceSubnets: readonly string[];
  readonly dnsDomain: string;
  readonly controlPlaneEndpoint?: string;
  readonly kubernetesVersion?: string;
  readonly clusterName: string;
}

/** Reads the ClusterConfiguration document of a kubeadm config; other documents are passed over. */
export function readClusterConfiguration(text: string, file = ""): ConfigResult<ClusterConfig> {
  const reader = new ConfigReader(file, "warning");
  const tree = reader.document(text, (apiVersion, kind) => kind === "ClusterConfiguration" && apiVersion.startsWith("kubeadm.k8s.io/"));
  if (tree === undefined) return reader.failed("expected kind: ClusterConfiguration of group kubeadm.k8s.io");
  const written = reader.decode(tree, clusterConfigShape) as WrittenCluster;
  const { podSubnet = "", serviceSubnet = "10.96.0.0/12", dnsDomain = "cluster.local" } = written.networking ?? {};
  return reader.result({
    podSubnets: reader.subnets("networking.podSubnet", podSubnet, "dual"),
    serviceSubnets: reader.subnets("networking.serviceSubnet", serviceSubnet, "dual"),
    dnsDomain,
    clusterName: written.clusterName ?? "kubernetes",
    ...(written.controlPlaneEndpoint === undefined ? {} : { controlPlaneEndpoint: written.controlPlaneEndpoint }),
    ...(written.kubernetesVersion === undefined ? {} : { kubernetesVersion: written.kubernetesVersion }),
  });
}

interface WrittenCluster {
  readonly clusterName?: string;
  readonly controlPlaneEndpoint?: string;
  readonly kubernetesVersion?: string;
  readonly networking?: { readonly podSubnet?: string; readonly serviceSubnet?: string; readonly dnsDomain?: string };
}
