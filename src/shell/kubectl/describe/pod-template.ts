import { compareText } from "../../../base/names.js";
import type { PodTemplateSpec } from "../../../api/index.js";
import { describeContainers } from "./container.js";
import type { Page } from "./page.js";
import { tolerationText } from "./pod.js";
import { describeVolumes } from "./volumes.js";

/** Read first: kubectl pkg/describe/describe.go, DescribePodTemplate. */
export function describePodTemplate(page: Page, { metadata = {}, spec }: PodTemplateSpec): void {
  page.line(0, "Pod Template:");
  page.labels("  Labels", metadata.labels);
  if (Object.keys(metadata.annotations ?? {}).length > 0) page.annotations(metadata.annotations, "  Annotations");
  if ((spec.serviceAccountName ?? "") !== "") page.line(1, `Service Account:\t${spec.serviceAccountName}`);
  if ((spec.initContainers ?? []).length > 0) describeContainers(page, "  Init Containers", spec.initContainers!, null);
  describeContainers(page, "  Containers", spec.containers, null);
  describeVolumes(page, spec.volumes, "  ");
  if ((spec.priorityClassName ?? "") !== "") page.line(1, `Priority Class Name:\t${spec.priorityClassName}`);
  page.labels("  Node-Selectors", spec.nodeSelector);
  page.list("  Tolerations", [...(spec.tolerations ?? [])].sort((a, b) => compareText(a.key ?? "", b.key ?? "")).map(tolerationText));
}
