/** `podwire timeline`: what the control plane does with manifests, moment by moment. */
import type { Command } from "commander";
import { SECOND } from "../../base/time.js";
import { controlTimeline, controlTimelineText } from "../../observe/control-timeline.js";
import { out, outJson } from "../output.js";
import { bootCluster, clusterOptions, manifestOptions, type SharedOptions, wholeNumber } from "../shared-options.js";

interface TimelineOptions extends SharedOptions {
  readonly for: number;
  readonly boot?: boolean;
}

const HELP = `
Each line tells when (virtual time since boot), what was written, and what that changed in the row of kubectl get -o wide;
Events are told as they are.

Examples:
  podwire timeline -f app.yaml
  podwire timeline -f app.yaml --boot --for 60 -o json

Exit code: 0 done; 2 the input or usage is wrong.`;

/** Adds the command; `done` takes its exit code. */
export function timelineCommand(program: Command, done: (code: number) => void): void {
  const command = program.command("timeline").description("show what the control plane does, from the manifests to their pods, in time order");
  clusterOptions(manifestOptions(command))
    .option("--for <seconds>", "go on for so long after everything has settled (default: 0)", wholeNumber, 0)
    .option("--boot", "begin with the boot of the cluster itself")
    .addHelpText("after", HELP)
    .action((options: TimelineOptions) => {
      const kept: ReturnType<typeof controlTimeline>[] = [];
      const cluster = bootCluster(options, (booting) => void kept.push(controlTimeline(booting)), options.boot === true ? "boot" : "apply");
      cluster.run(options.for * SECOND);
      const moments = kept[0]!.moments();
      if (options.output === "json") outJson(moments);
      else out(controlTimelineText(moments));
      done(0);
    });
}
