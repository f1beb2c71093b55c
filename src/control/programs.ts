/** Which program a container runs, by convention: podwire has no images. */
import type { Container, Pod, Probe } from "../api/index.js";
import { MS, SECOND } from "../base/time.js";
import { isNodeCache, NODE_CACHE } from "./node-local-dns.js";
import type { ProgramChoice } from "./options.js";
import type { Exit } from "./pod-run.js";

/** Annotations of a pod that tell what its images would do: "3s" or "500ms", and a status of HTTP. */
const LISTEN_AFTER = "podwire.dev/listen-after";
const STATUS = "podwire.dev/status";
const STATUS_FROM = "podwire.dev/status-from";
const EXIT_AFTER = "podwire.dev/exit-after";
const EXIT_CODE = "podwire.dev/exit-code";
/** What SIGKILL leaves: 128 + 9. */
const KILLED = 137;
/** Between SIGTERM and the end of CoreDNS: `lameduck` of its plugin health. */
const LAMEDUCK: number = 5 * SECOND;

/**
 * `coredns` in CoreDNS's own pods; elsewhere `server` for the ports that are declared and those that its probes ask, as who
 * writes a probe has a program behind it. Nothing without ports.
 */
export function defaultProgram(pod: Pod, container: Container): ProgramChoice | null {
  const { name, annotations = {} } = pod.metadata;
  if (isNodeCache(container)) return { program: NODE_CACHE, args: {} };
  if (isCoreDns(pod)) return { program: "coredns", args: {} };
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

function isCoreDns({ metadata: { namespace, labels } }: Pod): boolean {
  return namespace === "kube-system" && labels?.["k8s-app"] === "kube-dns";
}

/** When a container's program ends by itself, by annotation or because its command plainly says so; null: never. */
export function exitOf(pod: Pod, container: Container): Exit | null {
  const { annotations = {} } = pod.metadata;
  if (annotations[EXIT_AFTER] !== undefined) return { after: duration(annotations[EXIT_AFTER]), code: Number(annotations[EXIT_CODE] ?? 0) };
  return commandEnd([...(container.command ?? []), ...(container.args ?? [])]);
}

const SHELLS: readonly string[] = Object.freeze(["sh", "ash", "bash"]);

function bare(word: string): string {
  return word.replace(/^\/(usr\/)?bin\//, "");
}

/** `sleep 5`, `true`, `false`, and a shell that is told such things one after the other; null for anything else. */
function commandEnd(words: readonly string[]): Exit | null {
  const script = SHELLS.includes(bare(words[0] ?? "")) && words[1] === "-c" && words.length === 3 ? words[2]! : words.join(" ");
  let end: Exit | null = null;
  for (const line of script.split(/[;\n]/)) {
    for (const part of line.split("&&")) {
      if (part.trim() === "") continue;
      const [, command = "", argument = ""] = /^(?:\/(?:usr\/)?bin\/)?(sleep|exit|true|false|echo)(?:\s+(.*))?$/.exec(part.trim()) ?? [];
      if (command === "" || (command === "sleep" && !SLEEP.test(argument)) || (command === "exit" && !/^\d*$/.test(argument)) || /[|&<$`]/.test(argument)) return null;
      const before: Exit = end ?? { after: 0, code: 0 };
      if (command === "exit") return { after: before.after, code: argument === "" ? before.code : Number(argument) & 255 };
      end = { after: before.after + (command === "sleep" ? sleepTime(argument) : 0), code: command === "false" ? 1 : 0 };
      if (end.code !== 0) break;
    }
  }
  return end;
}

const SLEEP = /^\d+(\.\d+)?[smhd]?$/;
const UNITS: Readonly<Record<string, number>> = Object.freeze({ s: 1, m: 60, h: 3600, d: 86_400 });

function sleepTime(text: string): number {
  const unit = UNITS[text.slice(-1)];
  return Math.round(Number(unit === undefined ? text : text.slice(0, -1)) * (unit ?? 1) * 1000) * MS;
}

/** Whether a container's first process is `sleep`, which as such has no ears for SIGTERM. */
function isSleep(container: Container): boolean {
  const [first = "", option, script = ""] = [...(container.command ?? []), ...(container.args ?? [])];
  return bare(first) === "sleep" || (SHELLS.includes(bare(first)) && option === "-c" && /^sleep\s+[\w.]+$/.test(bare(script.trim())));
}

/** ns that a container lets pass between SIGTERM and its end, the grace period aside. */
export function deafTo(pod: Pod, container: Container): number {
  if (isCoreDns(pod)) return LAMEDUCK;
  return isSleep(container) ? Infinity : 0;
}

/** The status of a container that is told to end. */
export function stoppedCode(pod: Pod, container: Container): number {
  return isSleep(container) ? KILLED : Number(pod.metadata.annotations?.[EXIT_CODE] ?? 0);
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
