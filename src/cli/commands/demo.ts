/** `podwire demo`: a small shop on three nodes; a request that arrives and one that a NetworkPolicy denies. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Command } from "commander";
import { walk } from "../../ask/walk.js";
import { createCluster } from "../../cluster/cluster.js";
import { InputError } from "../../cluster/input-error.js";
import { narrate } from "../../observe/narrate.js";
import type { CauseView } from "../../observe/walk-record.js";
import { out, paint } from "../output.js";

const EXAMPLES = fileURLToPath(new URL("../docs/examples/shop/", import.meta.url));
const FILES = ["app.yaml", "policies.yaml"];

/** The lines of a manifest around the one that decided. */
function excerpt(cause: CauseView): string {
  if (cause.file === undefined || cause.line === undefined) return "";
  const lines = readFileSync(`${EXAMPLES}${cause.file}`, "utf8").split("\n");
  const from = Math.max(1, cause.line - 2);
  const shown = lines.slice(from - 1, cause.line + 3);
  return shown.map((line, i) => `${from + i === cause.line ? ">" : " "} ${String(from + i).padStart(4)}  ${line}`).join("\n");
}

/** Adds the command; `done` takes its exit code. */
export function demoCommand(program: Command, done: (code: number) => void): void {
  program
    .command("demo")
    .description("boot a small shop on three nodes and show two journeys")
    .action(() => {
      const cluster = createCluster();
      cluster.settle();
      const problems = cluster.apply(FILES.map((name) => ({ name, text: readFileSync(`${EXAMPLES}${name}`, "utf8") })));
      if (problems.some((problem) => problem.severity === "error")) throw new InputError(problems);
      cluster.settle();
      const style = paint();
      const pods = cluster.objects("Pod").filter((pod) => pod.metadata.namespace === "shop");
      out(`${style.strong("A shop on three nodes")}\n\n`);
      for (const pod of pods) out(`  ${pod.metadata.name.padEnd(28)} ${(pod.status?.podIP ?? "").padEnd(12)} ${pod.spec.nodeName}\n`);
      out(`\n${style.strong("1. The frontend asks the api, by the name of its Service")}\n\n`);
      const asked = cluster.ask(walk({ from: "shop/deploy/frontend", to: "http://api" }));
      out(narrate(asked, style));
      out(`\n${style.strong("2. The frontend asks the database, which only the api may do")}\n\n`);
      const denied = cluster.ask(walk({ from: "shop/deploy/frontend", to: "tcp://db:5432" }));
      out(narrate(denied, style));
      if (denied.end.cause !== undefined) out(`\n${excerpt(denied.end.cause)}\n`);
      done(asked.verdict === "delivered" && denied.verdict === "dropped" ? 0 : 1);
    });
}
