/** Options that every command about a cluster has, and the cluster they describe. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { readKindConfig } from "../api/index.js";
import type { Problem } from "../base/problem.js";
import { type Cluster, createCluster } from "../cluster/cluster.js";
import { type DnsOptions, readDnsWords } from "../cluster/dns-words.js";
import type { FabricOptions } from "../cluster/fabric.js";
import { InputError, inputError } from "../cluster/input-error.js";
import { type ClusterOptions, optionsOfKind } from "../cluster/options.js";
import { readFiles, readText } from "./files.js";
import { err, Progress, showProblems } from "./output.js";

/** What commander hands over. */
export interface SharedOptions {
  readonly filename: readonly string[];
  readonly output: string;
  readonly nodes?: number;
  readonly kind?: string;
  readonly cni?: string;
  readonly proxy?: string;
  readonly loadBalancer?: string;
  readonly fabric?: string;
  readonly dns?: string;
  readonly seed?: number;
  readonly strict?: boolean;
  readonly enforce?: boolean;
}

/** A whole number for commander. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("must be a whole number.");
  return Number(text);
}

export const collect = (value: string, list: readonly string[]): readonly string[] => [...list, value];

/** Refuses to go on without these options, all of them named at once; commander's own way speaks of the first, and before it has seen a mistyped one. */
export function requireOptions(command: Command, names: readonly string[]): void {
  const missing = command.options.filter((option) => names.includes(option.attributeName()) && command.getOptionValue(option.attributeName()) === undefined);
  if (missing.length > 0) command.error(missing.map(({ flags }) => `error: required option '${flags}' not specified`).join("\n"), { code: "commander.missingMandatoryOptionValue" });
}

/** -f, -o and --strict, for commands that read manifests. */
export function manifestOptions(command: Command, formats: readonly string[] = ["text", "json"]): Command {
  return command
    .option("-f, --filename <path>", "a manifest, a folder of them (read recursively), or - for standard input; repeatable", collect, [])
    .addOption(new Option("-o, --output <format>", "form of the answer").choices([...formats]).default("text"))
    .option("--strict", "unknown fields are errors, not warnings");
}

/** The options of the cluster itself. */
export function clusterOptions(command: Command): Command {
  return command
    .option("--nodes <n>", "all nodes, the control plane included (default: 3)", wholeNumber)
    .option("--kind <file>", "a kind cluster config")
    .option("--cni <name[:key=value,...]>", "the CNI (default: flannel)")
    .option("--proxy <mode[:key=value,...]>", "kube-proxy's mode: iptables, nftables or ipvs (default: iptables)")
    .option("--fabric <name[:key=value,...]>", "the network under the nodes: leaf-spine (racks, spines), zones (zones), single; nodeAs where routers are to speak BGP with nodes (default: one segment)")
    .option("--load-balancer <name[:pool=FIRST-LAST]>", "what gives LoadBalancer Services addresses: cloud, cloud-provider-kind, metallb (default: none)")
    .option("--dns <name[:key=value,...]>", "none, coredns, or node-local (NodeLocal DNSCache; clusterDNS, localIp) (default: coredns)")
    .option("--no-enforce", "no dataplane for NetworkPolicy: flannel alone")
    .option("--seed <n>", "seed of all chance (default: 1)", wholeNumber);
}

/** "leaf-spine:racks=4,spines=2" taken apart; that its words make sense is the plan's to say. */
function fabricOf(text: string): Partial<FabricOptions> {
  const [topology = "", rest = ""] = text.split(/:(.*)/s);
  const found: Record<string, string | number> = { topology };
  for (const pair of rest === "" ? [] : rest.split(",")) {
    const [key = "", value = ""] = pair.split("=");
    if (!["racks", "spines", "zones", "nodeAs"].includes(key) || !/^\d+$/.test(value)) throw inputError("unknown-option", "fabric", `Invalid value: "${pair}": must be racks=N, spines=N, zones=N or nodeAs=N`);
    found[key] = Number(value);
  }
  return found as Partial<FabricOptions>;
}

function dnsOf(text: string): boolean | DnsOptions {
  const read = readDnsWords(text);
  if (typeof read === "string") throw inputError("invalid-value", "dns", read);
  return read;
}

function describe(options: SharedOptions, problems: Problem[]): ClusterOptions {
  let base: ClusterOptions = {};
  if (options.kind !== undefined) {
    const read = readKindConfig(readText(options.kind), options.kind);
    problems.push(...read.problems);
    if (read.config === undefined) throw new InputError(read.problems);
    base = optionsOfKind(read.config);
  }
  return {
    ...base,
    ...(options.nodes === undefined ? {} : { nodes: options.nodes }),
    ...(options.cni === undefined ? {} : { cni: options.cni }),
    ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
    ...(options.dns === undefined ? {} : { dns: dnsOf(options.dns) }),
    ...(options.fabric === undefined ? {} : { fabric: fabricOf(options.fabric) }),
    ...(options.loadBalancer === undefined ? {} : { loadBalancer: options.loadBalancer }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.enforce === false ? { enforce: false } : {}),
  };
}

/**
 * Boots the cluster that the options describe, with the manifests applied and settled. Warnings go to stderr. `watch` is called once, before
 * the boot or before the manifests are applied.
 */
export function bootCluster(options: SharedOptions, watch: (cluster: Cluster) => void = () => {}, from: "boot" | "apply" = "apply"): Cluster {
  if (options.filename.length === 0) throw inputError("required", "filename", "Required value: which manifests?", "say -f FILE, -f FOLDER or -f -");
  const problems: Problem[] = [];
  const files = readFiles(options.filename);
  const cluster = createCluster(describe(options, problems));
  if (from === "boot") watch(cluster);
  const progress = new Progress("booting");
  const onProgress = (time: number, events: number): void => progress.tick(time, events);
  cluster.settle({ onProgress });
  if (from === "apply") watch(cluster);
  const applied = cluster.apply(files, { strict: options.strict === true });
  problems.push(...applied);
  if (problems.some((problem) => problem.severity === "error")) throw new InputError(problems);
  const { settled } = cluster.settle({ onProgress });
  progress.end();
  showProblems(problems, false);
  if (!settled) err("note: the control plane had not come to rest after ten minutes of the cluster's time\n");
  return cluster;
}
