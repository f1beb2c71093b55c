/*
 * Metadata and label selectors. Read first: k8s.io/apimachinery pkg/api/validation/objectmeta.go,
 * pkg/apis/meta/v1/validation/validation.go, pkg/api/validation/generic.go (names with a trailing dash).
 */
import type { Labels, LabelSelector, LabelSelectorRequirement, ObjectMeta, OwnerReference, TemplateMeta } from "../meta.js";
import { dnsLabelFaults, labelKeyFaults, labelValueFaults } from "../names.js";
import type { Faults } from "./faults.js";

export type NameRule = (name: string) => readonly string[];

/** Largest total of annotation keys and values. */
const annotationLimit = 256 * 1024;

export function checkObjectMeta(faults: Faults, meta: ObjectMeta, namespaced: boolean, rule: NameRule): void {
  const generated = meta.generateName ?? "";
  if (generated !== "") faults.invalidEach("metadata.generateName", generated, rule(maskTrailingDash(generated)));
  if (meta.name !== "") faults.invalidEach("metadata.name", meta.name, rule(meta.name));
  else if (generated === "") faults.required("metadata.name", "name or generateName is required");

  const namespace = meta.namespace ?? "";
  if (namespaced && namespace !== "") faults.invalidEach("metadata.namespace", namespace, dnsLabelFaults(namespace));
  else if (namespaced) faults.required("metadata.namespace");
  else if (namespace !== "") faults.forbidden("metadata.namespace", "not allowed on this type");

  faults.nonNegative("metadata.generation", meta.generation);
  checkLabels(faults, "metadata.labels", meta.labels);
  checkAnnotations(faults, "metadata.annotations", meta.annotations);
  checkOwners(faults, "metadata.ownerReferences", meta.ownerReferences ?? []);
  for (const each of meta.finalizers ?? []) faults.invalidEach("metadata.finalizers", each, labelKeyFaults(each));
}

/** Labels and annotations of a template, at the paths that the API server gives them. */
export function checkTemplateMeta(faults: Faults, meta: TemplateMeta | undefined, path: string): void {
  checkLabels(faults, `${path}.labels`, meta?.labels);
  checkAnnotations(faults, `${path}.annotations`, meta?.annotations);
}

/** A name that has characters appended may end in a dash. */
function maskTrailingDash(name: string): string {
  return name.length > 1 && name.endsWith("-") ? `${name.slice(0, -2)}a` : name;
}

/** The path has no key in it, as in the API server. */
export function checkLabels(faults: Faults, path: string, labels: Labels | undefined): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    faults.invalidEach(path, key, labelKeyFaults(key), `${path}[${key}]`);
    faults.invalidEach(path, value, labelValueFaults(value), `${path}[${key}]`);
  }
}

function checkAnnotations(faults: Faults, path: string, annotations: Labels | undefined): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    faults.invalidEach(path, key, labelKeyFaults(key.toLowerCase()), `${path}[${key}]`);
    size += key.length + value.length;
  }
  if (size > annotationLimit) faults.tooLong(path, annotationLimit);
}

function checkOwners(faults: Faults, path: string, owners: readonly OwnerReference[]): void {
  let controller: OwnerReference | undefined;
  for (const owner of owners) {
    if (owner.apiVersion === "") faults.invalid(`${path}.apiVersion`, "", "version must not be empty");
    if (owner.kind === "") faults.invalid(`${path}.kind`, "", "must not be empty");
    if (owner.name === "") faults.invalid(`${path}.name`, "", "must not be empty");
    if (owner.uid === "") faults.invalid(`${path}.uid`, "", "must not be empty");
    if (owner.controller !== true) continue;
    if (controller !== undefined) {
      const both = `${controller.kind}/${controller.name} and ${owner.kind}/${owner.name}`;
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${both}`;
      faults.invalid(path, owners, detail);
    }
    controller ??= owner;
  }
}

export function checkLabelSelector(faults: Faults, path: string, selector: LabelSelector | undefined): void {
  if (selector === undefined) return;
  checkLabels(faults, `${path}.matchLabels`, selector.matchLabels);
  (selector.matchExpressions ?? []).forEach((each, index) =>
    checkRequirement(faults, `${path}.matchExpressions[${index}]`, each),
  );
}

function checkRequirement(faults: Faults, path: string, { key, operator, values = [] }: LabelSelectorRequirement): void {
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
    default:
      faults.invalid(`${path}.operator`, operator, "not a valid selector operator");
  }
  faults.invalidEach(`${path}.key`, key, labelKeyFaults(key));
  values.forEach((value, index) => faults.invalidEach(`${path}.values[${index}]`, value, labelValueFaults(value)));
}
