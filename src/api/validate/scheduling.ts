/* Affinity, tolerations and spreading. Read first: k8s.io/kubernetes pkg/apis/core/validation, `validateAffinity`. */
import { labelKeyFaults, labelValueFaults } from "../names.js";
import type {
  Affinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  PodSpec,
  Toleration,
  TopologySpreadConstraint,
} from "../pod.js";
import type { Faults } from "./faults.js";
import { checkLabels, checkLabelSelector } from "./meta.js";
import { taintEffects } from "./node.js";
import { dnsLabelFaults } from "../names.js";

const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

export function checkScheduling(faults: Faults, path: string, spec: PodSpec): void {
  checkLabels(faults, `${path}.nodeSelector`, spec.nodeSelector);
  if (spec.affinity !== undefined) checkAffinity(faults, `${path}.affinity`, spec.affinity);
  checkSchedulingGates(faults, `${path}.schedulingGates`, spec);
  const constraints = spec.topologySpreadConstraints ?? [];
  constraints.forEach((each, index) => {
    checkSpread(faults, `${path}.topologySpreadConstraints[${index}]`, each, constraints.slice(index + 1));
  });
  (spec.tolerations ?? []).forEach((each, index) => checkToleration(faults, `${path}.tolerations[${index}]`, each));
}

function checkSchedulingGates(faults: Faults, path: string, spec: PodSpec): void {
  const seen = new Set<string>();
  (spec.schedulingGates ?? []).forEach(({ name }, index) => {
    faults.invalidEach(`${path}[${index}]`, name, labelKeyFaults(name));
    if (seen.has(name)) faults.duplicate(`${path}[${index}]`, name);
    seen.add(name);
  });
}

function checkAffinity(faults: Faults, path: string, { nodeAffinity, podAffinity, podAntiAffinity }: Affinity): void {
  const must = nodeAffinity?.[required];
  if (must !== undefined) {
    const at = `${path}.nodeAffinity.${required}.nodeSelectorTerms`;
    if (must.nodeSelectorTerms.length === 0) faults.required(at, "must have at least one node selector term");
    must.nodeSelectorTerms.forEach((term, index) => checkNodeTerm(faults, `${at}[${index}]`, term));
  }
  (nodeAffinity?.[preferred] ?? []).forEach(({ weight, preference }, index) => {
    const at = `${path}.nodeAffinity.${preferred}[${index}]`;
    checkWeight(faults, at, weight);
    checkNodeTerm(faults, `${at}.preference`, preference);
  });
  if (podAffinity !== undefined) checkPodAffinity(faults, `${path}.podAffinity`, podAffinity);
  if (podAntiAffinity !== undefined) checkPodAffinity(faults, `${path}.podAntiAffinity`, podAntiAffinity);
}

function checkWeight(faults: Faults, path: string, weight: number): void {
  if (weight < 1 || weight > 100) faults.invalid(`${path}.weight`, weight, "must be in the range 1-100");
}

function checkNodeTerm(faults: Faults, path: string, term: NodeSelectorTerm): void {
  (term.matchExpressions ?? []).forEach((each, index) => {
    const at = `${path}.matchExpressions[${index}]`;
    checkNodeOperator(faults, at, each);
    faults.invalidEach(`${at}.key`, each.key, labelKeyFaults(each.key));
  });
  (term.matchFields ?? []).forEach(({ key, operator, values = [] }, index) => {
    const at = `${path}.matchFields[${index}]`;
    if (operator !== "In" && operator !== "NotIn") faults.invalid(`${at}.operator`, operator, "not a valid selector operator");
    else if (values.length !== 1) {
      faults.required(`${at}.values`, "must be only one value when `operator` is 'In' or 'NotIn' for node field selector");
    }
    if (key !== "metadata.name") faults.invalid(`${at}.key`, key, "not a valid field selector key");
  });
}

function checkNodeOperator(faults: Faults, path: string, { operator, values = [] }: NodeSelectorRequirement): void {
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0) faults.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
      break;
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0) {
        faults.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      }
      break;
    case "Gt":
    case "Lt":
      if (values.length !== 1) faults.required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
      break;
    default:
      faults.invalid(`${path}.operator`, operator, "not a valid selector operator");
  }
}

function checkPodAffinity(faults: Faults, path: string, affinity: PodAffinity): void {
  (affinity[required] ?? []).forEach((term, index) => checkPodTerm(faults, `${path}.${required}[${index}]`, term));
  (affinity[preferred] ?? []).forEach(({ weight, podAffinityTerm }, index) => {
    const at = `${path}.${preferred}[${index}]`;
    checkWeight(faults, at, weight);
    checkPodTerm(faults, `${at}.podAffinityTerm`, podAffinityTerm);
  });
}

function checkPodTerm(faults: Faults, path: string, term: PodAffinityTerm): void {
  checkLabelSelector(faults, `${path}.labelSelector`, term.labelSelector);
  checkLabelSelector(faults, `${path}.namespaceSelector`, term.namespaceSelector);
  for (const name of term.namespaces ?? []) faults.invalidEach(`${path}.namespace`, name, dnsLabelFaults(name));
  checkTopologyKey(faults, `${path}.topologyKey`, term.topologyKey);
}

function checkTopologyKey(faults: Faults, path: string, key: string): void {
  if (key === "") faults.required(path, "can not be empty");
  else faults.invalidEach(path, key, labelKeyFaults(key));
}

function checkSpread(
  faults: Faults,
  path: string,
  spread: TopologySpreadConstraint,
  others: readonly TopologySpreadConstraint[],
): void {
  const { maxSkew, topologyKey, whenUnsatisfiable, minDomains } = spread;
  if (maxSkew <= 0) faults.invalid(`${path}.maxSkew`, maxSkew, "must be greater than zero");
  checkTopologyKey(faults, `${path}.topologyKey`, topologyKey);
  faults.oneOf(`${path}.whenUnsatisfiable`, whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]);
  if (others.some((other) => other.topologyKey === topologyKey && other.whenUnsatisfiable === whenUnsatisfiable)) {
    faults.duplicate(`${path}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`);
  }
  if (minDomains !== undefined) {
    if (minDomains <= 0) faults.invalid(`${path}.minDomains`, minDomains, "must be greater than zero");
    if (whenUnsatisfiable !== "DoNotSchedule") {
      const detail = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`;
      faults.invalid(`${path}.minDomains`, minDomains, detail);
    }
  }
  faults.oneOf(`${path}.nodeAffinityPolicy`, spread.nodeAffinityPolicy, ["Honor", "Ignore"]);
  faults.oneOf(`${path}.nodeTaintsPolicy`, spread.nodeTaintsPolicy, ["Honor", "Ignore"]);
  checkLabelSelector(faults, `${path}.labelSelector`, spread.labelSelector);
}

function checkToleration(faults: Faults, path: string, toleration: Toleration): void {
  const { key = "", operator = "", value = "", effect = "", tolerationSeconds } = toleration;
  if (key !== "") faults.invalidEach(`${path}.key`, key, labelKeyFaults(key));
  else if (operator !== "Exists") {
    const detail = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    faults.invalid(`${path}.operator`, operator, detail);
  }
  if (tolerationSeconds !== undefined && effect !== "NoExecute") {
    faults.invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
  }
  if (operator === "" || operator === "Equal") {
    const valueFaults = labelValueFaults(value);
    if (valueFaults.length > 0) faults.invalid(`${path}.operator`, value, valueFaults.join(";"));
  } else if (operator === "Exists") {
    if (value !== "") faults.invalidJson(`${path}.operator`, internalToleration(toleration), "value must be empty when `operator` is 'Exists'");
  } else {
    faults.unsupported(`${path}.operator`, operator, ["Equal", "Exists"]);
  }
  if (effect !== "") faults.oneOf(`${path}.effect`, effect, taintEffects);
}

function internalToleration({ key = "", operator = "", value = "", effect = "", tolerationSeconds = 0 }: Toleration): object {
  return { Key: key, Operator: operator, Value: value, Effect: effect, TolerationSeconds: tolerationSeconds === 0 ? null : tolerationSeconds };
}
