/* Services, nodes, namespaces and the smaller kinds of the core group. Read first: k8s.io/api core/v1/types.go. */
import type { Condition, IntOrString, Labels, MetaCondition, ObjectOf, ObjectReference, Quantity } from "./meta.js";
import type { PodTemplateSpec } from "./pod.js";

export interface Namespace extends ObjectOf<"v1", "Namespace"> {
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly Condition[] };
}

/** A mark on a node that keeps pods away which do not tolerate it. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  /** `NoSchedule`, `PreferNoSchedule` or `NoExecute`. */
  readonly effect: string;
  readonly timeAdded?: string;
}

/** What a node is told. */
export interface NodeSpec {
  readonly podCIDR?: string;
  readonly podCIDRs?: readonly string[];
  readonly providerID?: string;
  readonly unschedulable?: boolean;
  readonly taints?: readonly Taint[];
  readonly externalID?: string;
  readonly configSource?: unknown;
}

/** One address of a node, with its type. */
export interface NodeAddress {
  /** `InternalIP`, `ExternalIP`, `Hostname`, `InternalDNS` or `ExternalDNS`. */
  readonly type: string;
  readonly address: string;
}

/** Versions and identities of a node. */
export interface NodeSystemInfo {
  readonly machineID: string;
  readonly systemUUID: string;
  readonly bootID: string;
  readonly kernelVersion: string;
  readonly osImage: string;
  readonly containerRuntimeVersion: string;
  readonly kubeletVersion: string;
  readonly kubeProxyVersion: string;
  readonly operatingSystem: string;
  readonly architecture: string;
}

/** What a node tells of itself. */
export interface NodeStatus {
  readonly addresses?: readonly NodeAddress[];
  readonly conditions?: readonly Condition[];
  readonly capacity?: Readonly<Record<string, Quantity>>;
  readonly allocatable?: Readonly<Record<string, Quantity>>;
  readonly nodeInfo?: NodeSystemInfo;
  readonly phase?: string;
  readonly images?: unknown;
  readonly daemonEndpoints?: unknown;
}

export interface Node extends ObjectOf<"v1", "Node"> {
  readonly spec?: NodeSpec;
  readonly status?: NodeStatus;
}

/** Every type of Service. */
export const serviceTypes = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"] as const;
/** One of `serviceTypes`. */
export type ServiceType = (typeof serviceTypes)[number];

/** One port of a Service. */
export interface ServicePort {
  readonly name?: string;
  readonly protocol?: string;
  readonly port: number;
  readonly targetPort?: IntOrString;
  readonly nodePort?: number;
  readonly appProtocol?: string;
}

/** What a Service wants. */
export interface ServiceSpec {
  readonly type?: string;
  readonly selector?: Labels;
  readonly ports?: readonly ServicePort[];
  /** An address, `None` for a headless service, or empty until one is allocated. */
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly externalIPs?: readonly string[];
  readonly ipFamilies?: readonly string[];
  readonly ipFamilyPolicy?: string;
  readonly sessionAffinity?: string;
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
  readonly externalName?: string;
  readonly externalTrafficPolicy?: string;
  readonly internalTrafficPolicy?: string;
  readonly healthCheckNodePort?: number;
  readonly publishNotReadyAddresses?: boolean;
  readonly loadBalancerIP?: string;
  readonly loadBalancerClass?: string;
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly allocateLoadBalancerNodePorts?: boolean;
  readonly trafficDistribution?: string;
}

/** An address at which a load balancer is reached. */
export interface LoadBalancerIngress {
  readonly ip?: string;
  readonly hostname?: string;
  readonly ipMode?: string;
  readonly ports?: unknown;
}

export interface Service extends ObjectOf<"v1", "Service"> {
  readonly spec: ServiceSpec;
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly LoadBalancerIngress[] };
    readonly conditions?: readonly MetaCondition[];
  };
}

/** One address of an Endpoints object. */
export interface EndpointAddress {
  readonly ip: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: ObjectReference;
}

/** One port of an Endpoints object. */
export interface EndpointsPort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: string;
  readonly appProtocol?: string;
}

/** Addresses that share their ports. */
export interface EndpointSubset {
  readonly addresses?: readonly EndpointAddress[];
  readonly notReadyAddresses?: readonly EndpointAddress[];
  readonly ports?: readonly EndpointsPort[];
}

export interface Endpoints extends ObjectOf<"v1", "Endpoints"> {
  readonly subsets?: readonly EndpointSubset[];
}

/** What a ReplicationController wants. */
export interface ReplicationControllerSpec {
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  readonly selector?: Labels;
  readonly template?: PodTemplateSpec;
}

export interface ReplicationController extends ObjectOf<"v1", "ReplicationController"> {
  readonly spec: ReplicationControllerSpec;
  readonly status?: {
    readonly replicas: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly fullyLabeledReplicas?: number;
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
  };
}

export interface ConfigMap extends ObjectOf<"v1", "ConfigMap"> {
  readonly data?: Labels;
  readonly binaryData?: Labels;
  readonly immutable?: boolean;
}

export interface Secret extends ObjectOf<"v1", "Secret"> {
  readonly type?: string;
  readonly data?: Labels;
  readonly stringData?: Labels;
  readonly immutable?: boolean;
}

export interface ServiceAccount extends ObjectOf<"v1", "ServiceAccount"> {
  readonly automountServiceAccountToken?: boolean;
  readonly imagePullSecrets?: unknown;
  readonly secrets?: unknown;
}

/** What controllers tell about an object; `lastTimestamp` decides the order that people see. */
export interface Event extends ObjectOf<"v1", "Event"> {
  readonly involvedObject: ObjectReference;
  readonly reason?: string;
  readonly message?: string;
  readonly type?: string;
  readonly count?: number;
  readonly source?: { readonly component?: string; readonly host?: string };
  readonly firstTimestamp?: string;
  readonly lastTimestamp?: string;
  readonly eventTime?: string;
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string };
  readonly action?: string;
  readonly related?: ObjectReference;
  readonly reportingComponent?: string;
  readonly reportingInstance?: string;
}

/** Heartbeat of a node (`kube-node-lease`) or of an elected leader. */
export interface Lease extends ObjectOf<"coordination.k8s.io/v1", "Lease"> {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
    readonly preferredHolder?: string;
    readonly strategy?: string;
  };
}

