/** What `kubectl --help` and `kubectl COMMAND --help` say: commands by their groups, and how each is written. Options are not listed. */

interface Help {
  readonly short: string;
  readonly usage: string;
}

const GROUPS: readonly (readonly [title: string, commands: readonly string[]])[] = [
  ["Basic Commands (Beginner):", ["create", "expose", "run", "set"]],
  ["Basic Commands (Intermediate):", ["get", "delete"]],
  ["Deploy Commands:", ["rollout", "scale"]],
  ["Cluster Management Commands:", ["cluster-info", "cordon", "uncordon", "drain", "taint"]],
  ["Troubleshooting and Debugging Commands:", ["describe", "exec", "events"]],
  ["Advanced Commands:", ["apply", "patch", "wait"]],
  ["Settings Commands:", ["label", "annotate"]],
  ["Other Commands:", ["api-resources", "config", "version"]],
];

const HELP: Readonly<Record<string, Help>> = {
  create: { short: "Create a resource from a file or from stdin", usage: "kubectl create -f FILENAME [options]" },
  expose: {
    short: "Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service",
    usage: "kubectl expose (-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type] [options]",
  },
  run: { short: "Run a particular image on the cluster", usage: "kubectl run NAME --image=image [--env=\"key=value\"] [--port=port] [--dry-run=server|client] [--overrides=inline-json] [--command] -- [COMMAND] [args...] [options]" },
  set: { short: "Set specific features on objects", usage: "kubectl set SUBCOMMAND [options]" },
  "set image": { short: "Update the image of a pod template", usage: "kubectl set image (-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N [options]" },
  get: { short: "Display one or many resources", usage: "kubectl get [(-o|--output=)json|yaml|name|wide|custom-columns=...|jsonpath=...] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags] [options]" },
  delete: { short: "Delete resources by file names, stdin, resources and names, or by resources and label selector", usage: "kubectl delete ([-f FILENAME] | [-k DIRECTORY] | TYPE [(NAME | -l label | --all)]) [options]" },
  rollout: { short: "Manage the rollout of a resource", usage: "kubectl rollout SUBCOMMAND [options]" },
  "rollout history": { short: "View rollout history", usage: "kubectl rollout history (TYPE NAME | TYPE/NAME) [flags] [options]" },
  "rollout pause": { short: "Mark the provided resource as paused", usage: "kubectl rollout pause RESOURCE [options]" },
  "rollout restart": { short: "Restart a resource", usage: "kubectl rollout restart RESOURCE [options]" },
  "rollout resume": { short: "Resume a paused resource", usage: "kubectl rollout resume RESOURCE [options]" },
  "rollout status": { short: "Show the status of the rollout", usage: "kubectl rollout status (TYPE NAME | TYPE/NAME) [flags] [options]" },
  "rollout undo": { short: "Undo a previous rollout", usage: "kubectl rollout undo (TYPE NAME | TYPE/NAME) [flags] [options]" },
  scale: { short: "Set a new size for a deployment, replica set, or replication controller", usage: "kubectl scale [--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME) [options]" },
  "cluster-info": { short: "Display cluster information", usage: "kubectl cluster-info [flags] [options]" },
  cordon: { short: "Mark node as unschedulable", usage: "kubectl cordon NODE [options]" },
  uncordon: { short: "Mark node as schedulable", usage: "kubectl uncordon NODE [options]" },
  drain: { short: "Drain node in preparation for maintenance", usage: "kubectl drain NODE [options]" },
  taint: { short: "Update the taints on one or more nodes", usage: "kubectl taint NODE NAME KEY_1=VAL_1:TAINT_EFFECT_1 ... KEY_N=VAL_N:TAINT_EFFECT_N [options]" },
  describe: { short: "Show details of a specific resource or group of resources", usage: "kubectl describe (-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [options]" },
  exec: { short: "Execute a command in a container", usage: "kubectl exec (POD | TYPE/NAME) [-c CONTAINER] [flags] -- COMMAND [args...] [options]" },
  events: { short: "List events", usage: "kubectl events [(-o|--output=)json|yaml|name] [--for TYPE/NAME] [--watch] [--types=Normal,Warning] [options]" },
  apply: { short: "Apply a configuration to a resource by file name or stdin", usage: "kubectl apply (-f FILENAME | -k DIRECTORY) [options]" },
  patch: { short: "Update fields of a resource", usage: "kubectl patch (-f FILENAME | TYPE NAME) [-p PATCH|--patch-file FILE] [options]" },
  wait: { short: "Wait for a specific condition on one or many resources", usage: "kubectl wait ([-f FILENAME] | resource.group/resource.name | resource.group [(-l label | --all)]) [--for=create|--for=delete|--for condition=available|--for=jsonpath='{}'[=value]] [options]" },
  label: { short: "Update the labels on a resource", usage: "kubectl label [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]" },
  annotate: { short: "Update the annotations on a resource", usage: "kubectl annotate [--overwrite] (-f FILENAME | TYPE NAME) KEY_1=VAL_1 ... KEY_N=VAL_N [--resource-version=version] [options]" },
  "api-resources": { short: "Print the supported API resources on the server", usage: "kubectl api-resources [flags] [options]" },
  config: { short: "Modify kubeconfig files", usage: "kubectl config SUBCOMMAND [options]" },
  version: { short: "Print the client and server version information", usage: "kubectl version [flags] [options]" },
};

/** Columns that cobra gives the names of subcommands. */
const LEAST_WIDTH = 11;

/** The page about a command and its subcommand; about none: the list of all. */
export function helpText(about: readonly string[]): string {
  const [command = "", sub = ""] = about;
  if (command === "") return overview();
  const found = HELP[`${command} ${sub}`] ?? HELP[command];
  if (found === undefined) return `Unknown help topic [\`${about.join("` `")}\`]\n\n${overview()}`;
  const below = Object.keys(HELP).filter((name) => name.startsWith(`${command} `)).map((name) => name.slice(command.length + 1));
  const commands = below.length === 0 || HELP[`${command} ${sub}`] !== undefined ? "" : `\nAvailable Commands:\n${listed(below, command)}\n`;
  return `${found.short}.\n${commands}\nUsage:\n  ${found.usage}\n\n${commands === "" ? "" : `Use "kubectl ${command} <command> --help" for more information about a given command.\n`}Use "kubectl options" for a list of global command-line options (applies to all commands).`;
}

function listed(names: readonly string[], parent = ""): string {
  const width = Math.max(parent === "" ? 0 : LEAST_WIDTH, ...names.map((name) => name.length));
  return names.map((name) => `  ${name.padEnd(width)}   ${HELP[`${parent} ${name}`.trim()]!.short}`).join("\n");
}

function overview(): string {
  const groups = GROUPS.map(([title, names]) => `${title}\n${listed(names)}\n`).join("\n");
  return `kubectl controls the Kubernetes cluster manager.

 Find more information at: https://kubernetes.io/docs/reference/kubectl/

${groups}
Usage:
  kubectl [flags] [options]

Use "kubectl <command> --help" for more information about a given command.
Use "kubectl options" for a list of global command-line options (applies to all commands).`;
}
