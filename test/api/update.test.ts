import { describe, expect, test } from "vitest";
import { kindInfo } from "../../src/api/kinds.js";
import { readManifests } from "../../src/api/read-manifests.js";
import { conflictWords, invalidWords, kubectlInvalidWords, notFoundWords } from "../../src/api/status-words.js";
import { validateUpdate } from "../../src/api/validate/index.js";
import { manifest } from "./marked.js";

function changed(before: string, after: string): readonly string[] {
  const old = readManifests([{ name: "old.yaml", text: before }]).objects[0];
  const next = readManifests([{ name: "new.yaml", text: after }]).objects[0];
  if (old === undefined || next === undefined) throw new Error("nothing was read");
  return validateUpdate(next, old.object).map((problem) => `${problem.path}: ${problem.message}`);
}

const svc = (spec: string): string => manifest("v1", "Service", `${spec}\nports: [{port: 80}]`);
const deploy = (app: string): string =>
  manifest("apps/v1", "Deployment", `selector: {matchLabels: {app: ${app}}}\ntemplate:\n  metadata: {labels: {app: ${app}}}\n  spec: {containers: [{name: c, image: i}]}`);
const pod = (spec: string): string => manifest("v1", "Pod", spec);

// control-plane.md, section 1.5
describe("changes that are refused", () => {
  test.each([
    ["cluster IP", svc("clusterIP: 10.96.0.7"), svc("clusterIP: 10.96.0.8"), 'spec.clusterIPs[0]: Invalid value: ["10.96.0.8"]: may not change once set'],
    ["releasing the second IP", svc("clusterIP: 10.96.0.7\nclusterIPs: [10.96.0.7, fd00::7]\nipFamilyPolicy: PreferDualStack"), svc("clusterIP: 10.96.0.7\nipFamilyPolicy: PreferDualStack"), "spec.ipFamilyPolicy: Invalid value: \"PreferDualStack\": must be set to 'SingleStack' when releasing the secondary clusterIP"],
    ["selector", deploy("one"), deploy("two"), 'spec.selector: Invalid value: {"matchLabels":{"app":"two"}}: field is immutable'],
    ["pod CIDR", manifest("v1", "Node", "podCIDR: 10.244.1.0/24"), manifest("v1", "Node", "podCIDR: 10.244.2.0/24"), 'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid'],
    ["provider", manifest("v1", "Node", "providerID: a"), manifest("v1", "Node", "providerID: b"), 'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid'],
    ["container port", pod("containers: [{name: c, image: i}]"), pod("containers: [{name: c, image: i, ports: [{containerPort: 80}]}]"), "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"],
    ["address type", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s}\naddressType: IPv4\n", "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: s}\naddressType: IPv6\n", 'addressType: Invalid value: "IPv6": field is immutable'],
  ])("%s", (_name, before, after, expected) => {
    expect(changed(before, after)).toEqual([expected]);
    expect(changed(before, before)).toEqual([]);
  });
});

describe("changes that are taken", () => {
  test.each([
    ["a Service's ports and selector", svc("clusterIP: 10.96.0.7"), svc("selector: {a: b}")],
    ["a pod's image and labels", pod("containers: [{name: c, image: i}]"), pod("containers: [{name: c, image: 'j:1'}]")],
    ["one more toleration", pod("containers: [{name: c, image: i}]"), pod("containers: [{name: c, image: i}]\ntolerations: [{operator: Exists}]")],
  ])("%s", (_name, before, after) => {
    expect(changed(before, after)).toEqual([]);
  });
});

// control-plane.md, section 1.1
test("the sentences of a Status", () => {
  const problem = { code: "x", severity: "error", path: "spec.ports[0].port", message: "Invalid value: 0: must be between 1 and 65535, inclusive" } as const;
  const other = { ...problem, path: "spec.type", message: "Required value" };
  const service = kindInfo("Service");
  const deployment = kindInfo("Deployment");
  expect(notFoundWords(service, "web")).toBe('services "web" not found');
  expect(notFoundWords(deployment, "web")).toBe('deployments.apps "web" not found');
  expect(conflictWords(deployment, "web")).toBe(
    'Operation cannot be fulfilled on deployments.apps "web": the object has been modified; please apply your changes to the latest version and try again',
  );
  expect(invalidWords(deployment, "web", [problem, other])).toBe(
    'Deployment.apps "web" is invalid: [spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive, spec.type: Required value]',
  );
  expect(kubectlInvalidWords(service, "web", [problem])).toBe(
    'The Service "web" is invalid: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
  );
  expect(kubectlInvalidWords(service, "web", [problem, other, other])).toBe(
    'The Service "web" is invalid: \n* spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive\n* spec.type: Required value',
  );
});
