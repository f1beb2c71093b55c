/** `kubectl expose`. Read first: kubectl pkg/cmd/expose/expose.go and pkg/generate/versioned/service.go. */
import { type Container, kindInfo, type KubeObject, type LabelSelector, type Labels, readObjects } from "../../api/index.js";
import { Ended, NotModelled, type Output } from "../output.js";
import { refusalText } from "./change-command.js";
import type { CommandLine } from "./command-line.js";
import { isRefusal, type KubectlSource } from "./source.js";
import { printedMade } from "./made.js";
import { dryRun, ended, NO_ARGUMENT, targetsOf } from "./targets.js";

const EXPOSED: readonly string[] = ["Pod", "Service", "ReplicationController", "Deployment", "ReplicaSet"];
const LONGEST_NAME = 63;

interface Port {
  readonly port: number;
  readonly protocol: string;
}

function usage(message: string): Ended {
  return new Ended(1, `error: ${message}`);
}

/** `a=b,c=d` */
function pairsOf(text: string): Labels {
  const pairs = text.split(",").map((pair) => pair.split("="));
  const bad = pairs.find((pair) => pair.length !== 2);
  if (bad !== undefined) throw new Ended(1, `error: unexpected label spec: ${bad.join("=")}`);
  return Object.fromEntries(pairs as [string, string][]);
}

function selectorOf(object: KubeObject): Labels {
  if (object.kind === "Pod") {
    if (Object.keys(object.metadata.labels ?? {}).length === 0) throw usage("couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed");
    return object.metadata.labels!;
  }
  const { selector } = (object as { readonly spec: { readonly selector?: Labels | LabelSelector } }).spec;
  const labels: LabelSelector | undefined = object.kind === "Deployment" || object.kind === "ReplicaSet" ? (selector as LabelSelector | undefined) : { matchLabels: (selector as Labels | undefined) ?? {} };
  if ((labels?.matchExpressions ?? []).length > 0) throw usage(`couldn't retrieve selectors via --selector flag or introspection: couldn't convert expressions - "${JSON.stringify(labels!.matchExpressions)}" to map-based selector format`);
  if (labels?.matchLabels === undefined || Object.keys(labels.matchLabels).length === 0) {
    const why = object.kind === "Service" ? `no selectors in service ${object.metadata.name}` : `invalid ${object.kind.toLowerCase()} no selectors, therefore cannot be exposed`;
    throw usage(`couldn't retrieve selectors via --selector flag or introspection: ${why}`);
  }
  return labels.matchLabels;
}

function portsOf(object: KubeObject): readonly Port[] {
  if (object.kind === "Service") return (object.spec.ports ?? []).map(({ port, protocol = "TCP" }) => ({ port, protocol }));
  const spec = object.kind === "Pod" ? object.spec : (object as { readonly spec: { readonly template: { readonly spec: { readonly containers: readonly Container[] } } } }).spec.template.spec;
  const ports = spec.containers.flatMap((container) => (container.ports ?? []).map(({ containerPort, protocol = "TCP" }) => ({ port: containerPort, protocol })));
  return ports.filter(({ port }, i) => ports.findIndex((each) => each.port === port) === i);
}

/** The ports of the Service: the one that is asked for, or those of what is exposed. */
function servicePorts(object: KubeObject, line: CommandLine): readonly object[] {
  const known = portsOf(object);
  const numbers = line.flag("port") !== undefined ? line.flag("port")!.split(",") : known.map(({ port }) => String(port));
  if (numbers.length === 0 && line.flag("cluster-ip") !== "None") throw usage("couldn't find port via --port flag or introspection");
  const target = line.flag("target-port");
  return numbers.map((text, i) => {
    if (!/^[-+]?\d+$/.test(text)) throw new Ended(1, `error: strconv.Atoi: parsing "${text}": invalid syntax`);
    const port = Number(text);
    const protocol = line.flag("protocol") ?? known.find((each) => each.port === port)?.protocol ?? "TCP";
    return { ...(numbers.length > 1 ? { name: `port-${i + 1}` } : {}), port, protocol, targetPort: target === undefined ? port : /^\d+$/.test(target) ? Number(target) : target };
  });
}

export function exposeCommand(line: CommandLine, source: KubectlSource): Output {
  const { apply } = source;
  if (apply === undefined || line.has("overrides")) throw new NotModelled(`kubectl expose${line.has("overrides") ? " --overrides" : ""}`);
  if (line.args.length === 0) throw new Ended(1, NO_ARGUMENT);
  const { objects, faults } = targetsOf(line.args, { ...line, has: (name) => name !== "selector" && line.has(name), flag: (name) => (name === "selector" ? undefined : line.flag(name)) }, source);
  const { only, words } = dryRun(line);
  const wrong = [...faults];
  let text = "";
  for (const object of objects) {
    const { plural, apiVersion } = kindInfo(object.kind);
    if (!EXPOSED.includes(object.kind)) throw new Ended(1, `error: cannot expose a ${object.kind}${apiVersion.includes("/") ? `.${apiVersion.slice(0, apiVersion.indexOf("/"))}` : ""}`);
    const selector = line.flag("selector") === undefined ? selectorOf(object) : pairsOf(line.flag("selector")!);
    const labels = line.flag("labels") === undefined ? object.metadata.labels : pairsOf(line.flag("labels")!);
    const name = line.flag("name") ?? object.metadata.name.slice(0, LONGEST_NAME);
    const namespace = object.metadata.namespace ?? "default";
    const affinity = line.flag("session-affinity");
    if (affinity !== undefined && affinity !== "None" && affinity !== "ClientIP") throw new Ended(1, `error: unknown session affinity: ${affinity}`);
    const type = line.flag("type");
    const spec = {
      selector,
      ports: servicePorts(object, line),
      ...(type === undefined ? {} : { type }),
      ...(line.flag("external-ip") === undefined ? {} : { externalIPs: [line.flag("external-ip")] }),
      ...(type === "LoadBalancer" && line.flag("load-balancer-ip") !== undefined ? { loadBalancerIP: line.flag("load-balancer-ip") } : {}),
      ...(affinity === undefined ? {} : { sessionAffinity: affinity }),
      ...(line.flag("cluster-ip") === undefined ? {} : { clusterIP: line.flag("cluster-ip") }),
    };
    const service = { apiVersion: "v1", kind: "Service", metadata: { name, namespace, ...(labels === undefined ? {} : { labels }) }, spec };
    const { objects: read, problems } = readObjects([service], {});
    if (read[0] === undefined) throw new Ended(1, `error: ${problems[0]?.message ?? plural}`);
    const printed = only ? printedMade({ ...service, metadata: { ...service.metadata, namespace: line.flag("namespace") } }, line) : undefined;
    if (printed !== undefined) {
      text += printed;
      continue;
    }
    if (!only && source.get("Service", namespace, name) !== undefined) {
      wrong.push(`Error from server (AlreadyExists): services "${name}" already exists`);
      continue;
    }
    const made = only ? "created" : apply.call(source, read[0]);
    if (isRefusal(made)) wrong.push(refusalText(made));
    else text += `service/${name} exposed${words}\n`;
  }
  return ended(text, wrong);
}
