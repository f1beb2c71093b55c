/** `podwire rules`: what kube-proxy programs on a node. */
import { type Command, Option } from "commander";
import type { Problem } from "../../base/problem.js";
import { readManifests } from "../../api/index.js";
import { type RulesForm, type RulesMode, rulesOfConfig, rulesOfNode } from "../../ask/rules.js";
import { flowsOfConfig } from "../../ask/rules-flows.js";
import { InputError, inputError } from "../../cluster/input-error.js";
import { configuredMode, type ProxyConfig, type ProxyObjects, proxyObjects, readProxyConfig } from "../../models/proxy/index.js";
import { readFiles, readText } from "../files.js";
import { out, outJson, showProblems } from "../output.js";
import { bootCluster, clusterOptions, manifestOptions, type SharedOptions } from "../shared-options.js";

interface RulesOptions extends SharedOptions {
  readonly node?: string;
  readonly config?: string;
  readonly form?: RulesForm;
  readonly flows?: boolean;
}

const HELP = `
With --node a cluster is booted with the manifests, and the rules are those of that node's kube-proxy. With --config nothing
is booted: the objects are taken as the API server would have stored them, and the file describes one proxy on one node.
Forms: payload is what the tool is fed, saved what it prints back, sorted the order of kube-proxy's own tests.

Examples:
  podwire rules -f app.yaml --node kind-worker
  podwire rules -f app.yaml --node kind-worker --proxy nftables --form payload
  podwire rules -f objects.yaml --config config.yaml --form sorted
  podwire rules -f objects.yaml --config config.yaml --flows

Exit code: 0; 2 the input or usage is wrong.`;

const MODES: readonly string[] = ["iptables", "nftables", "ipvs"];
const FORMS: readonly RulesForm[] = ["payload", "saved", "sorted"];

/** Adds the command; `done` takes its exit code. */
export function rulesCommand(program: Command, done: (code: number) => void): void {
  const command = program.command("rules").description("print what kube-proxy programs on a node");
  clusterOptions(manifestOptions(command))
    .option("--node <name>", "whose rules")
    .option("--config <file>", "a proxy and its node as data, instead of a cluster's")
    .addOption(new Option("--form <form>", "form of the text (default: saved, or the form that the configuration says)").choices(FORMS))
    .option("--flows", "send the flows of the configuration through the rules, and print their ends as JSON")
    .addHelpText("after", HELP)
    .action((options: RulesOptions) => {
      const mode = modeOf(options);
      if (options.config !== undefined) ofConfig(options, options.config, mode);
      else ofCluster(options, mode ?? "iptables");
      done(0);
    });
}

function modeOf({ proxy }: RulesOptions): RulesMode | null {
  if (proxy === undefined) return null;
  const mode = proxy.split(":")[0]!;
  if (!MODES.includes(mode)) throw inputError("unknown-value", "proxy", `Unsupported value: "${mode}": supported values: "iptables", "nftables", "ipvs"`);
  return mode as RulesMode;
}

function ofConfig(options: RulesOptions, path: string, given: RulesMode | null): void {
  const { config, objects } = readConfigured(options, path);
  const mode = given ?? configuredMode(config);
  if (options.flows === true) outJson(flowsOfConfig(mode, config, objects));
  else print(options, config.nodeName, mode, formOf(options, config), (form) => rulesOfConfig(mode, form, config, objects));
}

/** Configuration and objects; throws an InputError with every problem of both. */
function readConfigured(options: RulesOptions, path: string): { readonly config: ProxyConfig; readonly objects: ProxyObjects } {
  const problems: Problem[] = [];
  if (options.filename.length === 0) problems.push(...inputError("required", "filename", "Required value: which manifests?", "say -f FILE, -f FOLDER or -f -").problems);
  const read = readProxyConfig(readText(path), path);
  const manifests = readManifests(readFiles(options.filename), { strict: options.strict === true });
  problems.push(...read.problems, ...manifests.problems);
  if (read.config === null || problems.some((problem) => problem.severity === "error")) throw new InputError(problems);
  showProblems(problems, false);
  const config = options.node === undefined ? read.config : { ...read.config, nodeName: options.node };
  return { config, objects: proxyObjects(manifests.objects.map(({ object }) => object)) };
}

/** What was asked for, else what the configuration says its expected text is. */
function formOf(options: RulesOptions, { expectedForm }: ProxyConfig): RulesForm {
  if (options.form !== undefined) return options.form;
  if (expectedForm === "fake-dump-order") return "sorted";
  return FORMS.find((form) => form === expectedForm) ?? "saved";
}

function ofCluster(options: RulesOptions, mode: RulesMode): void {
  const { node } = options;
  if (options.flows === true) throw inputError("required", "config", "Required value: flows stand in a configuration", "say --config FILE");
  if (node === undefined) throw inputError("required", "node", "Required value: whose rules?", "say --node NAME, or --config FILE");
  const cluster = bootCluster({ ...options, proxy: options.proxy ?? mode });
  print(options, node, mode, options.form ?? "saved", (form) => rulesOfNode(cluster, node, mode, form));
}

function print(options: RulesOptions, node: string, proxy: RulesMode, form: RulesForm, textOf: (form: RulesForm) => string): void {
  const text = textOf(form);
  if (options.output === "json") outJson({ node, proxy, form, text });
  else out(text);
}
