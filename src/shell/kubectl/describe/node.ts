import type { Lease, Node, Pod, Taint } from "../../../api/index.js";
import { compareText } from "../../../base/names.js";
import { nodeRoles } from "../get/core-tables.js";
import { ageText, mailTime } from "../output/time.js";
import type { KubectlSource } from "../source.js";
import { eventsAbout, Page, sortedEntries } from "./page.js";
import { addAmounts, type Amount, amountText, parseAmount, ZERO } from "./quantity.js";

/** Read first: kubectl pkg/describe/describe.go, describeNode and describeNodeResource. */
export function describeNode(node: Node, source: KubectlSource): string {
  const page = new Page();
  const { metadata, spec = {}, status = {} } = node;
  page.line(0, `Name:\t${metadata.name}`);
  page.line(0, `Roles:\t${nodeRoles(node)}`);
  page.labels("Labels", metadata.labels);
  page.annotations(metadata.annotations);
  page.line(0, `CreationTimestamp:\t${mailTime(metadata.creationTimestamp)}`);
  page.list("Taints", [...(spec.taints ?? [])].sort((a, b) => compareText(`${a.effect},${a.key}`, `${b.effect},${b.key}`)).map(taintText));
  page.line(0, `Unschedulable:\t${spec.unschedulable === true}`);
  const lease = source.get("Lease", "kube-node-lease", metadata.name) as Lease | undefined;
  if (lease !== undefined) describeLease(page, lease);
  describeStatus(page, node);
  if ((spec.podCIDR ?? "") !== "") page.line(0, `PodCIDR:\t${spec.podCIDR}`);
  if ((spec.podCIDRs ?? []).length > 0) page.line(0, `PodCIDRs:\t${spec.podCIDRs!.join(",")}`);
  if ((spec.providerID ?? "") !== "") page.line(0, `ProviderID:\t${spec.providerID}`);
  const pods = (source.list("Pod", "") as readonly Pod[]).filter((pod) => pod.spec.nodeName === metadata.name && pod.status?.phase !== "Succeeded" && pod.status?.phase !== "Failed");
  describePods(page, pods, status.allocatable ?? status.capacity ?? {}, source.now());
  page.events(eventsAbout(source.events(), node), source.now());
  return page.text();
}

function taintText({ key, value = "", effect }: Taint): string {
  return `${key}${value === "" ? "" : `=${value}`}:${effect}`;
}

function describeLease(page: Page, { spec = {} }: Lease): void {
  const time = (text: string | undefined): string => (text === undefined ? "<unset>" : mailTime(text));
  page.line(0, "Lease:");
  page.line(1, `HolderIdentity:\t${spec.holderIdentity ?? "<unset>"}`);
  page.line(1, `AcquireTime:\t${time(spec.acquireTime)}`);
  page.line(1, `RenewTime:\t${time(spec.renewTime)}`);
}

function describeStatus(page: Page, { status = {} }: Node): void {
  const { conditions = [], addresses = [], nodeInfo: info } = status;
  if (conditions.length > 0) {
    page.line(0, "Conditions:");
    page.line(1, "Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage");
    page.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for (const c of conditions) page.line(1, `${c.type} \t${c.status} \t${mailTime(c.lastHeartbeatTime)} \t${mailTime(c.lastTransitionTime)} \t${c.reason ?? ""} \t${c.message ?? ""}`);
  }
  page.line(0, "Addresses:");
  for (const { type, address } of addresses) page.line(1, `${type}:\t${address}`);
  for (const [title, list] of [["Capacity", status.capacity], ["Allocatable", status.allocatable]] as const) {
    if (list !== undefined && Object.keys(list).length > 0) page.line(0, `${title}:`);
    for (const [name, amount] of sortedEntries(list)) page.line(1, `${name}:\t${amount}`);
  }
  page.line(0, "System Info:");
  page.line(1, `Machine ID:\t${info?.machineID ?? ""}`);
  page.line(1, `System UUID:\t${info?.systemUUID ?? ""}`);
  page.line(1, `Boot ID:\t${info?.bootID ?? ""}`);
  page.line(1, `Kernel Version:\t${info?.kernelVersion ?? ""}`);
  page.line(1, `OS Image:\t${info?.osImage ?? ""}`);
  page.line(1, `Operating System:\t${info?.operatingSystem ?? ""}`);
  page.line(1, `Architecture:\t${info?.architecture ?? ""}`);
  page.line(1, `Container Runtime Version:\t${info?.containerRuntimeVersion ?? ""}`);
  page.line(1, `Kubelet Version:\t${info?.kubeletVersion ?? ""}`);
  page.line(1, `Kube-Proxy Version:\t${info?.kubeProxyVersion ?? ""}`);
}

type Field = "requests" | "limits";

/** What a pod asks for: the sum of its containers, or its largest init container. */
function podAmount({ spec }: Pod, field: Field, name: string): Amount {
  const of = (container: { readonly resources?: { readonly [F in Field]?: Readonly<Record<string, string>> } }): Amount => parseAmount(container.resources?.[field]?.[name]);
  const sum = spec.containers.map(of).reduce(addAmounts, ZERO);
  return (spec.initContainers ?? []).map(of).reduce((most, each) => (each.milli > most.milli ? each : most), sum);
}

function describePods(page: Page, pods: readonly Pod[], room: Readonly<Record<string, string>>, now: number): void {
  const share = (amount: Amount, name: string): string => {
    const whole = parseAmount(room[name]).milli;
    return `${amountText(amount)} (${whole === 0 ? 0 : Math.trunc((amount.milli / whole) * 100)}%)`;
  };
  page.line(0, `Non-terminated Pods:\t(${pods.length} in total)`);
  page.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
  page.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
  for (const pod of pods) {
    const cells = (["cpu", "memory"] as const).flatMap((name) => (["requests", "limits"] as const).map((field) => share(podAmount(pod, field, name), name)));
    page.line(1, `${pod.metadata.namespace ?? ""}\t${pod.metadata.name}\t\t${cells.join("\t")}\t${ageText(now, pod.metadata.creationTimestamp)}`);
  }
  page.line(0, "Allocated resources:");
  page.line(1, "(Total limits may be over 100 percent, i.e., overcommitted.)");
  page.line(1, "Resource\tRequests\tLimits");
  page.line(1, "--------\t--------\t------");
  const hugePages = Object.keys(room).filter((name) => name.startsWith("hugepages-")).sort((a, b) => (a < b ? -1 : 1));
  for (const name of ["cpu", "memory", "ephemeral-storage", ...hugePages]) {
    const total = (field: Field): string => share(pods.map((pod) => podAmount(pod, field, name)).reduce(addAmounts, ZERO), name);
    page.line(1, `${name}\t${total("requests")}\t${total("limits")}`);
  }
}
