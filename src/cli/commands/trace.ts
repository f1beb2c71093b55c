/** `podwire trace`: one connection, and everything that happened to it. */
import { writeFileSync } from "node:fs";
import { type Command, Option } from "commander";
import { recordedWalk } from "../../ask/walk.js";
import type { Cluster } from "../../cluster/cluster.js";
import { capture } from "../../observe/capture.js";
import { narrate, summarize } from "../../observe/narrate.js";
import { statistics, statisticsText } from "../../observe/statistics.js";
import { transcriptText } from "../../observe/transcript.js";
import { walkMarkdown } from "../../observe/walk-markdown.js";
import { walkMermaid } from "../../observe/walk-mermaid.js";
import { out, outBytes, outJson, paint } from "../output.js";
import { bootCluster, clusterOptions, manifestOptions, requireOptions, type SharedOptions, wholeNumber } from "../shared-options.js";

interface TraceOptions extends SharedOptions {
  readonly from: string;
  readonly to: string;
  readonly port?: number;
  readonly proto?: "tcp" | "udp" | "icmp" | "sctp";
  readonly write?: string;
  readonly transcript?: boolean;
  readonly statistics?: boolean;
}

const HELP = `
From and to are pods (ns/name, or name in namespace default), deploy/NAME for its first pod, node/NAME, an address,
"internet", and for --to also a Service's name with or without its port, or a URL.

Examples:
  podwire trace -f app.yaml --from deploy/frontend --to http://cartservice:7070
  podwire trace -f k8s/ --from shop/web-0 --to db.shop:5432 -o json
  podwire trace -f k8s/ --from internet --to node/kind-worker --port 30080 -w walk.pcapng

Exit code: 0 delivered; 1 not delivered; 2 the input or usage is wrong.`;

/** Adds the command; `done` takes its exit code. */
export function traceCommand(program: Command, done: (code: number) => void): void {
  const command = program.command("trace").description("send one real connection through the cluster and show its way");
  clusterOptions(manifestOptions(command, ["text", "brief", "json", "markdown", "mermaid", "pcapng"]))
    .option("--from <who>", "who sends (required)")
    .option("--to <whom>", "who is to be reached (required)")
    .option("--port <n>", "destination port", wholeNumber)
    .addOption(new Option("--proto <protocol>", "protocol").choices(["tcp", "udp", "sctp", "icmp"]))
    .option("-w, --write <file>", "also write a pcapng capture of every device")
    .option("--transcript", "also print, for each node on the way, the commands that would set it up by hand")
    .option("--statistics", "also print the drops by reason, and the packets by device")
    .addHelpText("after", HELP)
    .action((options: TraceOptions) => {
      requireOptions(command, ["from", "to"]);
      const cluster = bootCluster(options);
      const { walk, recording } = cluster.ask(
        recordedWalk({ from: options.from, to: options.to, ...(options.port === undefined ? {} : { port: options.port }), ...(options.proto === undefined ? {} : { protocol: options.proto }) }),
      );
      const bytes = (): Uint8Array => capture(recording.stack, recording.ring, (ns) => cluster.placeOf(ns));
      if (options.write !== undefined) writeFileSync(options.write, bytes());
      if (options.output === "json") outJson(walk);
      else if (options.output === "markdown") out(walkMarkdown(walk));
      else if (options.output === "mermaid") out(walkMermaid(walk));
      else if (options.output === "pcapng") outBytes(bytes());
      else out((options.output === "brief" ? summarize : narrate)(walk, paint()));
      const speaks = options.output === "text" || options.output === "brief";
      if (options.statistics === true && speaks) out(`\n${statisticsText(statistics(recording.stack, (ns) => cluster.placeOf(ns), recording.ring))}`);
      if (options.transcript === true && speaks) out(transcripts(cluster, walk.hops.map((hop) => hop.node)));
      done(walk.verdict === "delivered" ? 0 : 1);
    });
}

/** The commands of the nodes named, each node once, in the order of the way. */
function transcripts(cluster: Cluster, names: readonly string[]): string {
  const nodes = [...new Set(names)].flatMap((name) => cluster.fabric.nodes.find((node) => node.name === name) ?? []);
  return nodes.map(({ name, ns }) => `\n# ${name}\n${transcriptText(cluster.transcript(name), ns)}`).join("");
}
