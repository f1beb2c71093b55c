/** Which program a container runs, by convention: podwire has no images. */
import type { Container, Pod } from "../api/index.js";
import type { ProgramChoice } from "./options.js";

/** `coredns` in CoreDNS's own pods; elsewhere `server` for the ports that are declared, nothing without ports. */
export function defaultProgram(pod: Pod, container: Container): ProgramChoice | null {
  const { namespace, name, labels } = pod.metadata;
  if (namespace === "kube-system" && labels?.["k8s-app"] === "kube-dns") return { program: "coredns", args: {} };
  const ports = (container.ports ?? []).map((port) => ({
    port: port.containerPort,
    protocol: port.protocol ?? "TCP",
    ...(port.name === undefined ? {} : { name: port.name }),
  }));
  return ports.length === 0 ? null : { program: "server", args: { ports, pod: name } };
}
