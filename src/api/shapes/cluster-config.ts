import { stringMap } from "./meta.js";
import { any, bool, int32, list, record, text, type RecordShape } from "./shape.js";

const node = record("v1alpha4.Node", {
  role: text,
  image: text,
  labels: stringMap,
  extraMounts: any,
  extraPortMappings: list(
    record("v1alpha4.PortMapping", { containerPort: int32, hostPort: int32, listenAddress: text, protocol: text }),
  ),
  kubeadmConfigPatches: any,
  kubeadmConfigPatchesJSON6902: any,
});

export const kindConfigShape: RecordShape = record("v1alpha4.Cluster", {
  apiVersion: text,
  kind: text,
  name: text,
  nodes: list(node),
  networking: record("v1alpha4.Networking", {
    ipFamily: text,
    apiServerAddress: text,
    apiServerPort: int32,
    podSubnet: text,
    serviceSubnet: text,
    disableDefaultCNI: bool,
    kubeProxyMode: text,
    dnsSearch: list(text),
  }),
  featureGates: any,
  runtimeConfig: any,
  kubeadmConfigPatches: any,
  kubeadmConfigPatchesJSON6902: any,
  containerdConfigPatches: any,
  containerdConfigPatchesJSON6902: any,
});

export const clusterConfigShape: RecordShape = record("v1beta4.ClusterConfiguration", {
  apiVersion: text,
  kind: text,
  clusterName: text,
  controlPlaneEndpoint: text,
  kubernetesVersion: text,
  networking: record("v1beta4.Networking", { podSubnet: text, serviceSubnet: text, dnsDomain: text }),
  apiServer: any,
  certificatesDir: any,
  certificateValidityPeriod: any,
  caCertificateValidityPeriod: any,
  controllerManager: any,
  dns: any,
  encryptionAlgorithm: any,
  etcd: any,
  featureGates: any,
  imageRepository: any,
  proxy: any,
  scheduler: any,
});
