/** The containers of a described pod or template. Read first: kubectl pkg/describe/describe.go, describeContainers. */
import type { Container, ContainerState, ContainerStatus, EnvVar, Probe } from "../../../api/index.js";
import { mailTime } from "../output/time.js";
import { type Page, sortedEntries } from "./page.js";

/** Name and fields of each container; `statuses` is null in a template, whose names stand one blank further in. */
export function describeContainers(page: Page, label: string, containers: readonly Container[], statuses: readonly ContainerStatus[] | null): void {
  page.line(0, `${label}:`);
  for (const container of containers) {
    const status = statuses?.find((each) => each.name === container.name);
    describeImage(page, container, status, statuses === null);
    describeWords(page, "Command", container.command);
    describeWords(page, "Args", container.args);
    if (status !== undefined) describeStatus(page, status);
    for (const title of ["Limits", "Requests"] as const) {
      const amounts = sortedEntries(title === "Limits" ? container.resources?.limits : container.resources?.requests);
      if (amounts.length > 0) page.line(2, `${title}:`);
      for (const [name, amount] of amounts) page.line(3, `${name}:\t${amount}`);
    }
    for (const [title, probe] of [["Liveness", container.livenessProbe], ["Readiness", container.readinessProbe], ["Startup", container.startupProbe]] as const) {
      if (probe !== undefined) page.line(2, `${title}:\t${probeText(probe)}`);
    }
    describeEnvironment(page, container.env ?? []);
    describeMounts(page, container.volumeMounts);
  }
}

function describeImage(page: Page, container: Container, status: ContainerStatus | undefined, template: boolean): void {
  page.line(1, `${template ? " " : ""}${container.name}:`);
  if (status !== undefined) page.line(2, `Container ID:\t${status.containerID ?? ""}`);
  page.line(2, `Image:\t${container.image ?? ""}`);
  if (status !== undefined) page.line(2, `Image ID:\t${status.imageID}`);
  const ports = container.ports ?? [];
  const list = (title: string, number: (port: (typeof ports)[number]) => number): void => {
    const text = ports.map((port) => `${number(port)}/${port.protocol ?? "TCP"}`).join(", ");
    page.line(2, `${title}${ports.length > 1 ? "s" : ""}:\t${text === "" ? "<none>" : text}`);
  };
  list("Port", (port) => port.containerPort);
  list("Host Port", (port) => port.hostPort ?? 0);
}

function describeWords(page: Page, title: string, words: readonly string[] | undefined): void {
  if (words === undefined || words.length === 0) return;
  page.line(2, `${title}:`);
  for (const word of words) for (const line of word.split("\n")) page.line(3, line);
}

function describeStatus(page: Page, status: ContainerStatus): void {
  describeState(page, "State", status.state ?? {});
  if (status.lastState?.terminated !== undefined) describeState(page, "Last State", status.lastState);
  page.line(2, `Ready:\t${status.ready ? "True" : "False"}`);
  page.line(2, `Restart Count:\t${status.restartCount}`);
}

function describeState(page: Page, title: string, { running, waiting, terminated }: ContainerState): void {
  const optional = (name: string, text: string | undefined): void => {
    if (text !== undefined && text !== "") page.line(3, `${name}:\t${text}`);
  };
  if (running !== undefined) {
    page.line(2, `${title}:\tRunning`);
    page.line(3, `Started:\t${mailTime(running.startedAt)}`);
  } else if (terminated !== undefined) {
    page.line(2, `${title}:\tTerminated`);
    optional("Reason", terminated.reason);
    optional("Message", terminated.message);
    page.line(3, `Exit Code:\t${terminated.exitCode}`);
    if ((terminated.signal ?? 0) > 0) page.line(3, `Signal:\t${terminated.signal}`);
    page.line(3, `Started:\t${mailTime(terminated.startedAt)}`);
    page.line(3, `Finished:\t${mailTime(terminated.finishedAt)}`);
  } else {
    page.line(2, `${title}:\tWaiting`);
    optional("Reason", waiting?.reason);
  }
}

/** `http-get http://:8080/healthz delay=0s timeout=1s period=10s #success=1 #failure=3` */
export function probeText(probe: Probe): string {
  const { initialDelaySeconds = 0, timeoutSeconds = 0, periodSeconds = 0, successThreshold = 0, failureThreshold = 0 } = probe;
  const attributes = `delay=${initialDelaySeconds}s timeout=${timeoutSeconds}s period=${periodSeconds}s #success=${successThreshold} #failure=${failureThreshold}`;
  return `${probeAction(probe)} ${attributes}`;
}

function probeAction({ exec, httpGet, tcpSocket, grpc }: Probe): string {
  if (exec !== undefined) return `exec [${(exec.command ?? []).join(" ")}]`;
  if (httpGet !== undefined) {
    const { host = "", path = "", scheme = "" } = httpGet;
    const slash = path === "" || path.startsWith("/") ? "" : "/";
    return `http-get ${scheme.toLowerCase()}${scheme === "" ? "" : ":"}//${host.includes(":") ? `[${host}]` : host}:${httpGet.port}${slash}${path}`;
  }
  if (tcpSocket !== undefined) return `tcp-socket ${tcpSocket.host ?? ""}:${tcpSocket.port}`;
  return grpc === undefined ? "unknown" : `grpc <pod>:${grpc.port} ${grpc.service ?? ""}`;
}

interface ValueFrom {
  readonly fieldRef?: { readonly apiVersion?: string; readonly fieldPath: string };
  readonly secretKeyRef?: { readonly name?: string; readonly key: string; readonly optional?: boolean };
  readonly configMapKeyRef?: { readonly name?: string; readonly key: string; readonly optional?: boolean };
}

function describeEnvironment(page: Page, env: readonly EnvVar[]): void {
  page.line(2, env.length === 0 ? "Environment:\t<none>" : "Environment:");
  for (const { name, value = "", valueFrom } of env) {
    const { fieldRef, secretKeyRef: secret, configMapKeyRef: map } = (valueFrom ?? {}) as ValueFrom;
    if (fieldRef !== undefined) page.line(3, `${name}:\t (${fieldRef.apiVersion ?? "v1"}:${fieldRef.fieldPath})`);
    else if (secret !== undefined) page.line(3, `${name}:\t<set to the key '${secret.key}' in secret '${secret.name ?? ""}'>\tOptional: ${secret.optional === true}`);
    else if (map !== undefined) page.line(3, `${name}:\t<set to the key '${map.key}' of config map '${map.name ?? ""}'>\tOptional: ${map.optional === true}`);
    else value.split("\n").forEach((line, i) => page.line(3, i === 0 ? `${name}:\t${line}` : `\t${line}`));
  }
}

function describeMounts(page: Page, mounts: unknown): void {
  const list = (Array.isArray(mounts) ? mounts : []) as readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean; readonly subPath?: string }[];
  page.line(2, list.length === 0 ? "Mounts:\t<none>" : "Mounts:");
  for (const mount of [...list].sort((a, b) => (a.mountPath < b.mountPath ? -1 : 1))) {
    const flags = [mount.readOnly === true ? "ro" : "rw", ...(mount.subPath === undefined ? [] : [`path="${mount.subPath}"`])];
    page.line(3, `${mount.mountPath} from ${mount.name} (${flags.join(",")})`);
  }
}
