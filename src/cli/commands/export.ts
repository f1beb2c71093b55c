/** `podwire export`: a cluster as a lab script, for simulated kernels and real ones. */
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { exportLab } from "../../ask/export-lab.js";
import type { LabProbe } from "../../ask/export-probe.js";
import { inputError } from "../../cluster/input-error.js";
import { out } from "../output.js";
import { bootCluster, clusterOptions, collect, type SharedOptions } from "../shared-options.js";

interface ExportOptions extends Omit<SharedOptions, "output"> {
  readonly output?: string;
  readonly probe: readonly string[];
  readonly counters?: boolean;
  readonly keepChance?: boolean;
}

const HELP = `
The script builds the nodes' network, then every node as it was built here, command by command. Programs become servers that
answer with their pod's name. A probe is FROM,TO[,PORT[,tcp|udp|icmp]], with FROM and TO as in podwire trace.

Examples:
  podwire export -f app.yaml -o app.lab --probe deploy/frontend,api:80 --counters
  podwire lab app.lab              on simulated kernels
  sudo python3 runlab.py app.lab   on real ones

Exit code: 0 done; 2 the input or usage is wrong.`;

/** Adds the command; `done` takes its exit code. */
export function exportCommand(program: Command, done: (code: number) => void): void {
  const command = program
    .command("export")
    .description("write a whole cluster as a lab script that also runs on real kernels")
    .option("-f, --filename <path>", "a manifest, a folder of them (read recursively), or - for standard input; repeatable", collect, [])
    .option("-o, --output <file>", "where to write the script (default: standard output)")
    .option("--strict", "unknown fields are errors, not warnings")
    .option("--probe <from,to[,port[,protocol]]>", "a connection to try at the end; repeatable", collect, [])
    .option("--counters", "print every node's rules with their counters at the end")
    .option("--keep-chance", "leave random choices of rules and ports to chance, so that two runs may differ");
  clusterOptions(command)
    .addHelpText("after", HELP)
    .action((options: ExportOptions) => {
      const probes = options.probe.map(readProbe);
      const script = exportLab(bootCluster({ ...options, output: "text" }), { probes, counters: options.counters === true, chance: options.keepChance === true ? "kept" : "fixed" });
      if (options.output === undefined) out(script);
      else writeFileSync(options.output, script);
      done(0);
    });
}

function readProbe(text: string): LabProbe {
  const [from = "", to = "", port = "", protocol, ...more] = text.split(",");
  const bad = from === "" || to === "" || !/^\d*$/.test(port) || more.length > 0 || !(protocol === undefined || protocol === "tcp" || protocol === "udp" || protocol === "icmp");
  if (bad) throw inputError("invalid-value", "probe", `Invalid value: "${text}": must be FROM,TO[,PORT[,tcp|udp|icmp]]`);
  return { from, to, ...(port === "" ? {} : { port: Number(port) }), ...(protocol === undefined ? {} : { protocol }) } as LabProbe;
}
