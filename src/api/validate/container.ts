/* Containers, their ports and probes. Read first: k8s.io/kubernetes pkg/apis/core/validation, `validateContainers`. */
import { dnsLabelFaults, envNameFaults, portNameFaults, portNumberFaults } from "../names.js";
import type { Container, ContainerPort, EnvVar, HttpGetAction, LifecycleHandler, PodSpec, Probe } from "../pod.js";
import type { Faults } from "./faults.js";
import { checkPortOrName, checkProtocol } from "./ports.js";

const pullPolicies = ["Always", "IfNotPresent", "Never"] as const;
const onlySidecars = "may not be set for init containers without restartPolicy=Always";

export function checkContainers(faults: Faults, path: string, spec: PodSpec): void {
  const containers = spec.containers;
  if (containers.length === 0) faults.required(`${path}.containers`);
  const names = new Set<string>();
  containers.forEach((container, index) => {
    const at = `${path}.containers[${index}]`;
    checkContainer(faults, at, container);
    if (names.has(container.name)) faults.duplicate(`${at}.name`, container.name);
    names.add(container.name);
    checkHooksAndProbes(faults, at, container, spec);
    if (container.restartPolicy !== undefined) faults.forbidden(`${at}.restartPolicy`, "may not be set for non-init containers");
  });
  checkHostPorts(faults, containers.map((container, index) => [`${path}.containers[${index}]`, container]));
  checkInitContainers(faults, path, spec, names);
}

function checkInitContainers(faults: Faults, path: string, spec: PodSpec, names: Set<string>): void {
  (spec.initContainers ?? []).forEach((container, index) => {
    const at = `${path}.initContainers[${index}]`;
    checkContainer(faults, at, container);
    faults.oneOf(`${at}.restartPolicy`, container.restartPolicy, ["Always"]);
    if (names.has(container.name)) faults.duplicate(`${at}.name`, container.name);
    if (container.name !== "") names.add(container.name);
    checkHostPorts(faults, [[at, container]]);
    if (container.restartPolicy === "Always") {
      checkHooksAndProbes(faults, at, container, spec);
      return;
    }
    for (const field of ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"] as const) {
      if (container[field] !== undefined) faults.forbidden(`${at}.${field}`, onlySidecars);
    }
  });
}

function checkContainer(faults: Faults, path: string, container: Container): void {
  if (container.name === "") faults.required(`${path}.name`);
  else faults.invalidEach(`${path}.name`, container.name, dnsLabelFaults(container.name));
  const image = container.image ?? "";
  if (image === "") faults.required(`${path}.image`);
  else if (image.trim() !== image) faults.invalid(`${path}.image`, image, "must not have leading or trailing whitespace");
  faults.oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, ["File", "FallbackToLogsOnError"]);
  checkContainerPorts(faults, `${path}.ports`, container.ports ?? []);
  (container.env ?? []).forEach((each, index) => checkEnv(faults, `${path}.env[${index}]`, each));
  faults.oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, pullPolicies);
}

function checkContainerPorts(faults: Faults, path: string, ports: readonly ContainerPort[]): void {
  const names = new Set<string>();
  ports.forEach(({ name = "", containerPort, hostPort = 0, protocol }, index) => {
    const at = `${path}[${index}]`;
    if (name !== "") {
      const nameFaults = portNameFaults(name);
      faults.invalidEach(`${at}.name`, name, nameFaults);
      if (nameFaults.length === 0 && names.has(name)) faults.duplicate(`${at}.name`, name);
      names.add(name);
    }
    if (containerPort === 0) faults.required(`${at}.containerPort`);
    else faults.invalidEach(`${at}.containerPort`, containerPort, portNumberFaults(containerPort));
    if (hostPort !== 0) faults.invalidEach(`${at}.hostPort`, hostPort, portNumberFaults(hostPort));
    checkProtocol(faults, `${at}.protocol`, protocol);
  });
}

/** No two of these containers may ask for the same port of the node. */
function checkHostPorts(faults: Faults, containers: readonly (readonly [path: string, container: Container])[]): void {
  const used = new Set<string>();
  for (const [path, { ports = [] }] of containers) {
    ports.forEach(({ protocol = "TCP", hostIP = "", hostPort = 0 }, index) => {
      if (hostPort === 0) return;
      const key = `${protocol}/${hostIP}/${hostPort}`;
      if (used.has(key)) faults.duplicate(`${path}.ports[${index}].hostPort`, key);
      used.add(key);
    });
  }
}

function checkEnv(faults: Faults, path: string, { name, value = "", valueFrom }: EnvVar): void {
  if (name === "") faults.required(`${path}.name`);
  else faults.invalidEach(`${path}.name`, name, envNameFaults(name));
  if (value !== "" && valueFrom !== undefined) {
    faults.invalid(`${path}.valueFrom`, "", "may not be specified when `value` is not empty");
  }
}

function checkHooksAndProbes(faults: Faults, path: string, container: Container, spec: PodSpec): void {
  const { lifecycle, livenessProbe, readinessProbe, startupProbe } = container;
  const grace = spec.terminationGracePeriodSeconds ?? 30;
  if (lifecycle?.postStart !== undefined) checkHandler(faults, `${path}.lifecycle.postStart`, lifecycle.postStart, grace);
  if (lifecycle?.preStop !== undefined) checkHandler(faults, `${path}.lifecycle.preStop`, lifecycle.preStop, grace);
  for (const [field, probe] of [["livenessProbe", livenessProbe], ["startupProbe", startupProbe]] as const) {
    if (probe === undefined) continue;
    checkProbe(faults, `${path}.${field}`, probe, grace);
    const successes = probe.successThreshold ?? 1;
    if (successes !== 1) faults.invalid(`${path}.${field}.successThreshold`, successes, "must be 1");
  }
  if (readinessProbe === undefined) return;
  checkProbe(faults, `${path}.readinessProbe`, readinessProbe, grace);
  const own = readinessProbe.terminationGracePeriodSeconds;
  if (own !== undefined) {
    faults.invalid(`${path}.readinessProbe.terminationGracePeriodSeconds`, own, "must not be set for readinessProbes");
  }
}

function checkProbe(faults: Faults, path: string, probe: Probe, grace: number): void {
  checkHandler(faults, path, probe, grace);
  const counts = ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] as const;
  for (const field of counts) faults.nonNegative(`${path}.${field}`, probe[field]);
  const own = probe.terminationGracePeriodSeconds;
  if (own !== undefined && own <= 0) faults.invalid(`${path}.terminationGracePeriodSeconds`, own, "must be greater than 0");
}

const handlerFields = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const;

function checkHandler(faults: Faults, path: string, handler: Probe & LifecycleHandler, grace: number): void {
  const given = handlerFields.filter((field) => handler[field] !== undefined);
  const first = given[0];
  if (first === undefined) {
    faults.required(path, "must specify a handler type");
    return;
  }
  for (const field of given.slice(1)) faults.forbidden(`${path}.${field}`, "may not specify more than 1 handler type");
  checkFirstHandler(faults, path, handler, first, grace);
}

function checkFirstHandler(
  faults: Faults,
  path: string,
  handler: Probe & LifecycleHandler,
  first: (typeof handlerFields)[number],
  grace: number,
): void {
  const { exec, httpGet, tcpSocket, grpc, sleep } = handler;
  if (first === "exec" && (exec?.command ?? []).length === 0) faults.required(`${path}.exec.command`);
  if (first === "httpGet" && httpGet !== undefined) checkHttpGet(faults, `${path}.httpGet`, httpGet);
  if (first === "tcpSocket" && tcpSocket !== undefined) checkPortOrName(faults, `${path}.tcpSocket.port`, tcpSocket.port);
  if (first === "grpc" && grpc !== undefined) checkPortOrName(faults, `${path}.grpc.port`, grpc.port);
  if (first === "sleep" && sleep !== undefined && (sleep.seconds < 0 || sleep.seconds > grace)) {
    const detail = `must be non-negative and less than terminationGracePeriodSeconds (${grace})`;
    faults.invalid(`${path}.sleep`, sleep.seconds, detail);
  }
}

function checkHttpGet(faults: Faults, path: string, get: HttpGetAction): void {
  if ((get.path ?? "") === "") faults.required(`${path}.path`);
  checkPortOrName(faults, `${path}.port`, get.port);
  faults.oneOf(`${path}.scheme`, get.scheme, ["HTTP", "HTTPS"]);
  for (const { name } of get.httpHeaders ?? []) {
    if (/^[-A-Za-z0-9]+$/.test(name)) continue;
    const words = "a valid HTTP header must consist of alphanumeric characters or '-'";
    faults.invalid(`${path}.httpHeaders`, name, `${words} (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')`);
  }
}
