/** Workload endpoints: pods as Felix knows them, with the labels that they inherit of their namespace and account. */
import type { CalicoSelector, LabelLookup } from "../../../api/calico-selector.js";
import { calicoSelects } from "../../../api/calico-selector.js";
import { compareText } from "../../../base/names.js";
import type { PodInput, PolicyInput } from "../../../policy/input.js";
import { workloadInterface } from "../../cni/calico/calico-names.js";
import { NAMESPACE_PREFIX } from "./from-network-policy.js";

/** A port of a pod that has a name. */
export interface NamedPort {
  readonly name: string;
  /** "tcp", "udp", "sctp" */
  readonly protocol: string;
  readonly number: number;
}

/** One pod with an address. */
export interface FelixEndpoint {
  /** "shop/web-0" */
  readonly id: string;
  readonly namespace: string;
  readonly node: string;
  /** the host end of its veth */
  readonly device: string;
  readonly address: string;
  readonly profiles: readonly string[];
  readonly ports: readonly NamedPort[];
  readonly label: LabelLookup;
}

const ACCOUNT_PREFIX = "pcsa.";
const OWN = "projectcalico.org/";

function lookup(pod: PodInput, namespaceLabels: Readonly<Record<string, string>>, account: string): LabelLookup {
  return (label) => {
    if (label.startsWith(OWN)) {
      if (label === `${OWN}namespace`) return pod.namespace;
      if (label === `${OWN}orchestrator`) return "k8s";
      if (label === `${OWN}serviceaccount` && account !== "") return account;
    }
    if (Object.hasOwn(pod.labels, label)) return pod.labels[label];
    if (label === `${NAMESPACE_PREFIX}${OWN}name`) return pod.namespace;
    if (label === `${ACCOUNT_PREFIX}${OWN}name` && account !== "") return account;
    const inherited = label.startsWith(NAMESPACE_PREFIX) ? label.slice(NAMESPACE_PREFIX.length) : "";
    return inherited !== "" && Object.hasOwn(namespaceLabels, inherited) ? namespaceLabels[inherited] : undefined;
  };
}

/** The endpoints of a view, by namespace and name: pods that run with an IPv4 address of their own. */
export function felixEndpoints(view: PolicyInput): readonly FelixEndpoint[] {
  const labels = new Map(view.namespaces.map((each) => [each.name, Object.freeze({ ...each.labels, "kubernetes.io/metadata.name": each.name })]));
  const found: FelixEndpoint[] = [];
  for (const pod of view.pods) {
    const address = pod.ips.find((ip) => !ip.includes(":"));
    if (pod.hostNetwork || pod.template || address === undefined || pod.phase === "Succeeded" || pod.phase === "Failed") continue;
    const account = pod.serviceAccount ?? "";
    const own = labels.get(pod.namespace) ?? { "kubernetes.io/metadata.name": pod.namespace };
    found.push({
      id: `${pod.namespace}/${pod.name}`,
      namespace: pod.namespace,
      node: pod.node,
      device: workloadInterface(`${pod.namespace}/${pod.name}`),
      address,
      profiles: [`kns.${pod.namespace}`, ...(account === "" ? [] : [`ksa.${pod.namespace}.${account}`])],
      ports: pod.ports.filter(({ name }) => name !== "").map(({ name, protocol, number }) => ({ name, protocol: protocol.toLowerCase(), number })),
      label: lookup(pod, own, account),
    });
  }
  return found.sort((a, b) => compareText(a.id, b.id));
}

/** The endpoints that a selector holds for. */
export function selected(endpoints: readonly FelixEndpoint[], selector: CalicoSelector): readonly FelixEndpoint[] {
  return endpoints.filter((each) => calicoSelects(selector, each.label));
}
