import type { Pod, Toleration } from "../../../api/index.js";
import { formatSelector } from "../../../api/index.js";
import { ageText, mailTime } from "../output/time.js";
import type { KubectlSource } from "../source.js";
import { describeContainers } from "./container.js";
import { eventsAbout, Page } from "./page.js";
import { describeVolumes } from "./volumes.js";

/** Read first: kubectl pkg/describe/describe.go, describePod. */
export function describePod(pod: Pod, source: KubectlSource): string {
  const page = new Page();
  const { spec, status = {} } = pod;
  describeIdentity(page, pod);
  describeFate(page, pod, source.now());
  page.line(0, `IP:\t${status.podIP ?? ""}`);
  if ((status.podIPs ?? []).length === 0) page.line(0, "IPs:\t<none>");
  else page.line(0, "IPs:");
  for (const { ip } of status.podIPs ?? []) page.line(1, `IP:\t${ip}`);
  const owner = pod.metadata.ownerReferences?.find((each) => each.controller === true);
  if (owner !== undefined) page.line(0, `Controlled By:\t${owner.kind}/${owner.name}`);
  if ((status.nominatedNodeName ?? "") !== "") page.line(0, `NominatedNodeName:\t${status.nominatedNodeName}`);
  if ((spec.initContainers ?? []).length > 0) describeContainers(page, "Init Containers", spec.initContainers!, status.initContainerStatuses ?? []);
  describeContainers(page, "Containers", spec.containers, status.containerStatuses ?? []);
  describeConditions(page, pod);
  describeVolumes(page, spec.volumes);
  page.line(0, `QoS Class:\t${status.qosClass ?? qosClass(pod)}`);
  page.labels("Node-Selectors", spec.nodeSelector);
  page.list("Tolerations", [...(spec.tolerations ?? [])].sort((a, b) => ((a.key ?? "") < (b.key ?? "") ? -1 : (a.key ?? "") > (b.key ?? "") ? 1 : 0)).map(tolerationText));
  const spread = [...(spec.topologySpreadConstraints ?? [])].sort((a, b) => (a.topologyKey < b.topologyKey ? -1 : a.topologyKey > b.topologyKey ? 1 : 0));
  if (spread.length > 0) {
    page.list("Topology Spread Constraints", spread.map(({ topologyKey, whenUnsatisfiable, maxSkew, labelSelector }) => {
      return `${topologyKey}:${whenUnsatisfiable} when max skew ${maxSkew} is exceeded${labelSelector === undefined ? "" : ` for selector ${formatSelector(labelSelector)}`}`;
    }));
  }
  page.events(eventsAbout(source.events(), pod), source.now());
  return page.text();
}

function describeIdentity(page: Page, pod: Pod): void {
  const { metadata, spec, status = {} } = pod;
  page.line(0, `Name:\t${metadata.name}`);
  page.line(0, `Namespace:\t${metadata.namespace ?? ""}`);
  if (spec.priority !== undefined) page.line(0, `Priority:\t${spec.priority}`);
  if ((spec.priorityClassName ?? "") !== "") page.line(0, `Priority Class Name:\t${spec.priorityClassName}`);
  if (spec.runtimeClassName !== undefined) page.line(0, `Runtime Class Name:\t${spec.runtimeClassName}`);
  const account = spec.serviceAccountName ?? "";
  if (account !== "") page.line(0, `Service Account:\t${account}`);
  page.line(0, (spec.nodeName ?? "") === "" ? "Node:\t<none>" : `Node:\t${spec.nodeName}/${status.hostIP ?? ""}`);
  if (status.startTime !== undefined) page.line(0, `Start Time:\t${mailTime(status.startTime)}`);
  page.labels("Labels", metadata.labels);
  page.annotations(metadata.annotations);
}

function describeFate(page: Page, { metadata, status = {} }: Pod, now: number): void {
  const over = status.phase === "Succeeded" || status.phase === "Failed";
  if (metadata.deletionTimestamp !== undefined && !over) {
    page.line(0, `Status:\tTerminating (lasts ${ageText(now, metadata.deletionTimestamp)})`);
    page.line(0, `Termination Grace Period:\t${metadata.deletionGracePeriodSeconds ?? 0}s`);
  } else {
    page.line(0, `Status:\t${status.phase ?? ""}`);
  }
  if ((status.reason ?? "") !== "") page.line(0, `Reason:\t${status.reason}`);
  if ((status.message ?? "") !== "") page.line(0, `Message:\t${status.message}`);
}

function describeConditions(page: Page, { spec, status = {} }: Pod): void {
  const conditions = status.conditions ?? [];
  if ((spec.readinessGates ?? []).length > 0) {
    page.line(0, "Readiness Gates:");
    page.line(1, "Type\tStatus");
    for (const { conditionType } of spec.readinessGates!) page.line(1, `${conditionType} \t${conditions.find((c) => c.type === conditionType)?.status ?? "<none>"} `);
  }
  if (conditions.length === 0) return;
  page.line(0, "Conditions:");
  page.line(1, "Type\tStatus");
  for (const { type, status: word } of conditions) page.line(1, `${type} \t${word} `);
}

/** The class that the API server gives a pod by the amounts its containers ask for. */
function qosClass({ spec }: Pod): string {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const amounts = containers.map(({ resources = {} }) => ["cpu", "memory"].map((name) => ({ limit: resources.limits?.[name], request: resources.requests?.[name] ?? resources.limits?.[name] })));
  if (amounts.flat().every(({ limit, request }) => limit === undefined && request === undefined)) return "BestEffort";
  return amounts.flat().every(({ limit, request }) => limit !== undefined && limit === request) ? "Guaranteed" : "Burstable";
}

export function tolerationText({ key = "", value = "", effect = "", operator, tolerationSeconds }: Toleration): string {
  const what = `${key}${value === "" ? "" : `=${value}`}${effect === "" ? "" : `:${effect}`}`;
  const exists = operator === "Exists" && value === "" ? `${what === "" ? "" : " "}op=Exists` : "";
  return `${what}${exists}${tolerationSeconds === undefined ? "" : ` for ${tolerationSeconds}s`}`;
}
