/** Which program a container runs, by convention: podwire has no images. */
import type { Container, Pod, Probe } from "../api/index.js";
import { MS, SECOND } from "../base/time.js";
import type { ProgramChoice } from "./options.js";

/** Annotations of a pod that tell what its images would do: "3s" or "500ms", and a status of HTTP. */
const LISTEN_AFTER = "podwire.dev/listen-after";
const STATUS = "podwire.dev/status";
const STATUS_FROM = "podwire.dev/status-from";

/**
 * `coredns` in CoreDNS's own pods; elsewhere `server` for the ports that are declared and those that its probes ask, as who
 * writes a probe has a program behind it. Nothing without ports.
 */
export function defaultProgram(pod: Pod, container: Container): ProgramChoice | null {
  const { namespace, name, labels, annotations = {} } = pod.metadata;
  if (namespace === "kube-system" && labels?.["k8s-app"] === "kube-dns") return { program: "coredns", args: {} };
  const declared = (container.ports ?? []).map((port) => ({
    port: port.containerPort,
    protocol: port.protocol ?? "TCP",
    ...(port.name === undefined ? {} : { name: port.name }),
  }));
  const known = new Set(
    pod.spec.containers.flatMap((each) => (each.ports ?? []).flatMap((port) => (port.protocol === "UDP" ? [] : [port.containerPort]))),
  );
  const probed = [container.startupProbe, container.readinessProbe, container.livenessProbe].flatMap((probe) => portOf(probe) ?? []);
  const ports = [...declared, ...[...new Set(probed)].filter((port) => !known.has(port)).map((port) => ({ port, protocol: "TCP" }))];
  if (ports.length === 0) return null;
  const status = annotations[STATUS];
  return {
    program: "server",
    args: {
      ports,
      pod: name,
      ...(annotations[LISTEN_AFTER] === undefined ? {} : { listenAfter: duration(annotations[LISTEN_AFTER]) }),
      ...(status === undefined ? {} : { status: Number(status), statusFrom: duration(annotations[STATUS_FROM] ?? "0s") }),
    },
  };
}

/** A probe's port where it is a number: names stand for declared ports. */
function portOf(probe: Probe | undefined): number | undefined {
  const port = probe?.httpGet?.port ?? probe?.tcpSocket?.port ?? probe?.grpc?.port;
  return typeof port === "number" ? port : undefined;
}

/** ns of "3s" or "500ms"; 0 for anything else. */
function duration(text: string): number {
  const [, number, unit] = /^(\d+)(ms|s)$/.exec(text) ?? [];
  return Number(number ?? 0) * (unit === "ms" ? MS : SECOND);
}
