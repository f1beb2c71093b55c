/** `kubectl create KIND NAME`: the objects that its generators make. Read first: kubectl pkg/cmd/create. */
import { kindInfo, readObjects } from "../../api/index.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import { refusalText } from "./change-command.js";
import type { CommandLine } from "./command-line.js";
import { printedMade } from "./made.js";
import { resourceWord } from "./resources.js";
import { isRefusal, type KubectlSource } from "./source.js";
import { dryRun } from "./targets.js";

type Make = (name: string, line: CommandLine, words: readonly string[]) => object;

function required(line: CommandLine, ...names: readonly string[]): readonly string[] {
  const missing = names.filter((name) => line.flag(name) === undefined);
  if (missing.length > 0) throw new Ended(1, `error: required flag(s) ${missing.map((name) => `"${name}"`).join(", ")} not set`);
  return names.map((name) => line.flag(name)!);
}

function whole(text: string, flag: string): number {
  if (!/^-?\d+$/.test(text)) throw new Ended(1, `error: invalid argument "${text}" for "--${flag}" flag: strconv.ParseInt: parsing "${text}": invalid syntax\nSee 'kubectl create --help' for usage.`);
  return Number(text);
}

/** The name of an image without its place, tag and digest. */
function imageName(image: string): string {
  return image.slice(image.lastIndexOf("/") + 1).replace(/[:@].*$/, "");
}

function deployment(name: string, line: CommandLine, words: readonly string[]): object {
  required(line, "image");
  const images = line.flags("image");
  if (images.length > 1 && words.length > 0) throw new Ended(1, "error: cannot specify multiple --image options and command");
  const port = line.flag("port");
  const labels = { app: name };
  const containers = images.map((image) => ({ name: imageName(image), image, ...(words.length === 0 ? {} : { command: words }), ...(port === undefined ? {} : { ports: [{ containerPort: whole(port, "port") }] }) }));
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, labels }, spec: { replicas: whole(line.flag("replicas") ?? "1", "replicas"), selector: { matchLabels: labels }, template: { metadata: { labels }, spec: { containers } } } };
}

/** `--tcp=80:8080` or `--tcp=80` */
function servicePorts(line: CommandLine): readonly object[] {
  return line.flags("tcp").flatMap((value) => value.split(",")).map((pair) => {
    const [port = "", target = port] = pair.split(":");
    const node = line.flag("node-port");
    return { name: pair.includes(":") ? pair.replace(":", "-") : port, port: whole(port, "tcp"), protocol: "TCP", targetPort: /^\d+$/.test(target) ? Number(target) : target, ...(node === undefined ? {} : { nodePort: whole(node, "node-port") }) };
  });
}

const TYPES: Readonly<Record<string, string>> = { clusterip: "ClusterIP", nodeport: "NodePort", loadbalancer: "LoadBalancer", externalname: "ExternalName" };

function service(name: string, line: CommandLine, kind: string): object {
  const type = TYPES[kind]!;
  const ports = servicePorts(line);
  const headless = line.flag("clusterip") === "None";
  if (ports.length === 0 && !headless && type !== "ExternalName") throw new Ended(1, "error: at least one tcp port specifier must be provided");
  const external = type === "ExternalName" ? { externalName: required(line, "external-name")[0] } : {};
  return { apiVersion: "v1", kind: "Service", metadata: { name, labels: { app: name } }, spec: { type, ...(ports.length === 0 ? {} : { ports }), selector: { app: name }, ...external, ...(line.flag("clusterip") === undefined ? {} : { clusterIP: line.flag("clusterip") }) } };
}

function job(name: string, line: CommandLine, words: readonly string[]): object {
  const [image] = required(line, "image");
  return { apiVersion: "batch/v1", kind: "Job", metadata: { name }, spec: { template: { spec: { restartPolicy: "Never", containers: [{ name, image, ...(words.length === 0 ? {} : { command: words }) }] } } } };
}

function literals(line: CommandLine): Readonly<Record<string, string>> {
  return Object.fromEntries(
    line.flags("from-literal").map((pair) => {
      const [, key, value] = /^([^=]+)=(.*)$/s.exec(pair) ?? [];
      if (key === undefined) throw new Ended(1, `error: invalid literal source ${pair}, expected key=value`);
      return [key, value!];
    }),
  );
}

const MAKERS: Readonly<Record<string, Make>> = {
  namespace: (name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }),
  ns: (name) => ({ apiVersion: "v1", kind: "Namespace", metadata: { name } }),
  deployment,
  deploy: deployment,
  job,
  serviceaccount: (name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name } }),
  sa: (name) => ({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name } }),
  configmap: (name, line) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: literals(line) }),
  cm: (name, line) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data: literals(line) }),
};

/** Generators of kubectl that are not here. */
const OTHERS: readonly string[] = ["clusterrole", "clusterrolebinding", "cronjob", "cj", "ingress", "ing", "poddisruptionbudget", "pdb", "priorityclass", "pc", "quota", "resourcequota", "role", "rolebinding", "secret", "token"];

const LONG: Readonly<Record<string, string>> = { ns: "namespace", deploy: "deployment", sa: "serviceaccount", cm: "configmap" };

export function createCommand(line: CommandLine, source: KubectlSource): Output {
  const [kind = "", ...rest] = line.args;
  const isService = kind === "service" || kind === "svc";
  const [type, name, ...words] = isService ? rest : ["", ...rest];
  const make: Make | undefined = isService ? (TYPES[type ?? ""] === undefined ? undefined : (each, given) => service(each, given, type!)) : MAKERS[kind];
  if (kind !== "" && !OTHERS.includes(kind) && make === undefined && !isService) throw new Ended(1, `error: Unexpected args: [${line.args.join(" ")}]\nSee 'kubectl create -h' for help and examples`);
  if (make === undefined || source.apply === undefined) throw new NotModelled(`kubectl create ${line.args.slice(0, isService ? 2 : 1).join(" ")}`);
  const about = `\nSee 'kubectl create ${isService ? `service ${type}` : (LONG[kind] ?? kind)} -h' for help and examples`;
  if (name === undefined) throw new Ended(1, `error: exactly one NAME is required, got 0${about}`);
  if (words.length > 0) throw new Ended(1, `error: exactly one NAME is required, got ${words.length + 1}${about}`);
  const object = make(name, line, line.rest) as { readonly kind: string; readonly metadata: object };
  const namespace = object.kind === "Namespace" ? "" : (line.flag("namespace") ?? "default");
  const placed = namespace === "" ? object : { ...object, metadata: { ...object.metadata, namespace } };
  const [located] = readObjects([placed], {}).objects;
  if (located === undefined) throw new Ended(1, `error: failed to create ${kind}`);
  const info = kindInfo(located.object.kind);
  const { only, words: dry } = dryRun(line);
  const printed = only ? printedMade(line.flag("namespace") === undefined ? object : placed, line) : undefined;
  if (printed !== undefined) return said(printed);
  if (!only && source.get(located.object.kind, namespace, name) !== undefined) return failed(1, `error: failed to create ${LONG[kind] ?? kind}: ${info.plural}${info.apiVersion.includes("/") ? `.${info.apiVersion.split("/")[0]}` : ""} "${name}" already exists\n`);
  const made = only ? "created" : source.apply(located);
  if (isRefusal(made)) return failed(1, refusalText(made, `failed to create ${LONG[kind] ?? kind}: `));
  return said(`${resourceWord(info)}/${name} created${dry}\n`);
}
