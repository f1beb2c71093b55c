/* Nodes and namespaces. Read first: k8s.io/kubernetes pkg/apis/core/validation, `ValidateNode`, `ValidateNamespace`. */
import type { Namespace, Node, Taint } from "../core.js";
import { dnsLabelFaults, dnsSubdomainFaults, labelKeyFaults, labelValueFaults } from "../names.js";
import { checkCidr } from "./addresses.js";
import type { Faults } from "./faults.js";
import { checkObjectMeta } from "./meta.js";

export const taintEffects = ["NoSchedule", "PreferNoSchedule", "NoExecute"] as const;

export function checkNamespace(faults: Faults, { metadata, spec }: Namespace): void {
  checkObjectMeta(faults, metadata, false, dnsLabelFaults);
  (spec?.finalizers ?? []).forEach((each, index) => {
    faults.invalidEach(`spec.finalizers[${index}]`, each, labelKeyFaults(each));
  });
}

export function checkNode(faults: Faults, { metadata, spec }: Node): void {
  checkObjectMeta(faults, metadata, false, dnsSubdomainFaults);
  checkTaints(faults, spec?.taints ?? []);
  checkPodCidrs(faults, spec?.podCIDRs ?? []);
}

function checkPodCidrs(faults: Faults, cidrs: readonly string[]): void {
  const path = "spec.podCIDRs";
  const parsed = cidrs.map((text, index) => checkCidr(faults, `${path}[${index}]`, text));
  if (cidrs.length < 2 || parsed.includes(undefined)) return;
  const families = new Set(parsed.map((each) => each?.address.family));
  if (families.size < 2 || cidrs.length > 2) {
    faults.invalid(path, cidrs, "may specify no more than one CIDR for each IP family");
  }
  cidrs.forEach((text, index) => {
    if (cidrs.indexOf(text) < index) faults.duplicate(`${path}[${index}]`, text);
  });
}

/** The server reports these under `metadata.taints`. */
function checkTaints(faults: Faults, taints: readonly Taint[]): void {
  const seen = new Set<string>();
  taints.forEach((taint, index) => {
    const path = `metadata.taints[${index}]`;
    faults.invalidEach(`${path}.key`, taint.key, labelKeyFaults(taint.key));
    const value = taint.value ?? "";
    const valueFaults = labelValueFaults(value);
    if (valueFaults.length > 0) faults.invalid(`${path}.value`, value, valueFaults.join(";"));
    if (taint.effect === "") faults.required(`${path}.effect`);
    else faults.oneOf(`${path}.effect`, taint.effect, taintEffects);
    const pair = `${taint.key}:${taint.effect}`;
    if (seen.has(pair)) {
      const internal = JSON.stringify({ Key: taint.key, Value: value, Effect: taint.effect, TimeAdded: taint.timeAdded ?? null });
      faults.add("duplicate-value", path, `Duplicate value: ${internal}`, "taints must be unique by key and effect pair");
    }
    seen.add(pair);
  });
}
