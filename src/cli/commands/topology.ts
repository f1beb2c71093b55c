/** `podwire topology`: the network that a cluster's parts have built. */
import type { Command } from "commander";
import { topology } from "../../observe/topology.js";
import { topologyDot, topologyMermaid, topologyText } from "../../observe/topology-diagram.js";
import { out, outJson } from "../output.js";
import { bootCluster, clusterOptions, manifestOptions, type SharedOptions } from "../shared-options.js";

const FORMS = { text: topologyText, dot: topologyDot, mermaid: topologyMermaid } as const;

const HELP = `
Examples:
  podwire topology -f app.yaml
  podwire topology -f app.yaml -o dot | dot -Tsvg > network.svg

Exit code: 0 done; 2 the input or usage is wrong.`;

/** Adds the command; `done` takes its exit code. */
export function topologyCommand(program: Command, done: (code: number) => void): void {
  const command = program.command("topology").description("show the machines, pods and devices of a cluster, and what joins them");
  clusterOptions(manifestOptions(command, ["text", "dot", "mermaid", "json"]))
    .addHelpText("after", HELP)
    .action((options: SharedOptions) => {
      const cluster = bootCluster(options);
      const seen = topology(cluster.stack, (ns) => cluster.placeOf(ns));
      if (options.output === "json") outJson(seen);
      else out(FORMS[options.output as keyof typeof FORMS](seen));
      done(0);
    });
}
