/** What a cluster asks of whatever gives Services of type LoadBalancer their addresses and brings the traffic for these to nodes. */
import { type Kind, type Labels, type ObjectOfKind, parseIpText, type Service } from "../../api/index.js";
import type { Act, ActResult } from "../../linux/plumbing/act.js";
import type { Stack } from "../../linux/stack.js";

/** The network under the nodes, as a load balancer may touch it. */
export interface BalancerDoor {
  readonly stack: Stack;
  /** namespace of the switch and router that every node hangs on */
  readonly fabric: number;
  /** writes there, or on a node */
  plumb(act: Act): ActResult;
  /** row of a namespace by its machine's label and its name, 0 if there is none */
  netns(machine: number, name: string): number;
  /** frozen plain records by the model's own keys, saved with the world */
  readonly memory: Map<string, unknown>;
  /** number of a cause, for acts and programs */
  cause(object: string, path: string): number;
  /** objects as the API has them, by namespace and name */
  objects<K extends Kind>(kind: K): readonly ObjectOfKind<K>[];
  /** all nodes, in their order; one whose agents are silent is heard of by nobody */
  nodes(): readonly (BalancerNode & { readonly silent: boolean })[];
}

/** A node as a load balancer reaches it. */
export interface BalancerNode {
  readonly name: string;
  readonly ns: number;
  readonly address: string;
  readonly labels: Labels;
}

/** A port of a Service behind a load balancer. */
export interface BalancedPort {
  readonly protocol: string;
  readonly port: number;
  /** 0 where the Service asked for none */
  readonly nodePort: number;
}

/** A Service with its address and the nodes that may be sent to, in node order. */
export interface Balanced {
  /** `ns/name` */
  readonly key: string;
  readonly address: string;
  readonly ports: readonly BalancedPort[];
  /** spec.sessionAffinity is ClientIP */
  readonly sticky: boolean;
  /** of the Service itself */
  readonly labels: Labels;
  readonly nodes: readonly BalancerNode[];
}

/** How a load balancer looks at a node: ns between two questions and until it gives up; so many failures or successes change its mind. */
export interface BalancerCheck {
  readonly interval: number;
  readonly timeout: number;
  readonly failures: number;
  readonly passes: number;
}

/** How a balancer tells of an address on the Service's events, and whether the Service waits for it before it goes. */
export interface BalancerWords {
  readonly source: string;
  readonly finalizer: string | null;
  readonly begins: BalancerNews | null;
  /** An address has been found. */
  given(address: string): BalancerNews;
  /** None has, and why. */
  refused(service: string, why: string): BalancerNews;
  readonly moved: BalancerNews | null;
  readonly ends: BalancerNews | null;
  readonly ended: BalancerNews | null;
}

/** Who asks for an address, and which are given. */
export interface AddressAsk {
  readonly service: Service;
  readonly taken: ReadonlySet<string>;
}

/** Why there is no address for a Service. */
export interface AddressRefusal {
  readonly why: string;
}

/** Something that load balances; what it must remember is in the door's memory and in the kernels. */
export interface BalancerModel {
  readonly name: string;
  /** status.loadBalancer.ingress[].ipMode: whether packets come to the nodes with the balancer's address, or from it */
  readonly ipMode: "VIP" | "Proxy";
  /** null: it asks no node, and goes by the endpoints that the API tells of */
  readonly check: BalancerCheck | null;
  /** ns from the wish to the address */
  readonly delay: number;
  readonly words: BalancerWords;
  /** namespace that its installation makes; left out: none */
  readonly namespace?: string;
  /** kinds of objects that it goes by, besides Services, endpoints and nodes; left out: none */
  readonly kinds?: readonly Kind[];
  /** The lowest free address, or the one wished for if it may be given. */
  address(door: BalancerDoor, ask: AddressAsk): string | AddressRefusal;
  /** Whether a Service may keep the address that it has, by what the API says now; left out: always. */
  keeps?(door: BalancerDoor, service: Service, address: string): boolean;
  /** Namespace that its questions to nodes come from; made where it is not there yet. */
  place(door: BalancerDoor, service: Balanced): number;
  /** Brings the traffic for the address to these nodes and no others; words for the Service's events. */
  sync(door: BalancerDoor, service: Balanced): readonly BalancerNews[];
  /** Takes back all that was made for it. */
  remove(door: BalancerDoor, service: Balanced): void;
  /** What is done once for all that has changed in a short while, nodes and the objects of its kinds too. */
  readonly later?: BalancerLater;
}

/** Work of a balancer that waits for more changes. */
export interface BalancerLater {
  /** ns after the first of the changes */
  readonly delay: number;
  /** Does it. */
  run(door: BalancerDoor): void;
}

/** An event about a Service that a balancer's own parts report. */
export interface BalancerNews {
  readonly reason: string;
  readonly message: string;
  readonly source: string;
}

const cloudNews = (reason: string, message: string): BalancerNews => Object.freeze({ reason, message, source: "service-controller" });

/** The words of the service controller of a cloud-controller-manager. */
export const CLOUD_WORDS: BalancerWords = Object.freeze<BalancerWords>({
  source: "service-controller",
  finalizer: "service.kubernetes.io/load-balancer-cleanup",
  begins: cloudNews("EnsuringLoadBalancer", "Ensuring load balancer"),
  given: () => cloudNews("EnsuredLoadBalancer", "Ensured load balancer"),
  refused: (service, why) => cloudNews("SyncLoadBalancerFailed", `Error syncing load balancer: failed to ensure load balancer: failed to allocate IP for "${service}": ${why}`),
  moved: cloudNews("UpdatedLoadBalancer", "Updated load balancer with new hosts"),
  ends: cloudNews("DeletingLoadBalancer", "Deleting load balancer"),
  ended: cloudNews("DeletedLoadBalancer", "Deleted load balancer"),
});

/** The lowest free address of a pool, or the one that a Service asks for by `spec.loadBalancerIP`. */
export function fromPool(pool: readonly string[], { service, taken }: AddressAsk): string | AddressRefusal {
  const wish = service.spec.loadBalancerIP ?? "";
  if (wish !== "") return pool.includes(wish) && !taken.has(wish) ? wish : { why: parseIpText(wish) === undefined ? `"${wish}" is not an IP address` : `"${wish}" is not allowed in config` };
  return pool.find((address) => !taken.has(address)) ?? { why: "no available IPs" };
}
