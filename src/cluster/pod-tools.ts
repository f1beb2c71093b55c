/** Commands of a pod's image that use the network as programs of their own: they resolve names, open sockets, and take time. */
import type { Pod } from "../api/index.js";
import { MINUTE } from "../base/time.js";
import { DEFAULT_EPOCH } from "../control/options.js";
import { launch } from "../linux/sock/app.js";
import { podResolvConf, type ResolvConf } from "../models/dns/resolv-conf.js";
import type { Output } from "../shell/output.js";
import type { World } from "./world.js";

/** Names of commands that are programs. */
const TOOLS: readonly string[] = Object.freeze(["nslookup", "wget", "dig"]);
/** A tool gives up long before. */
const LIMIT: number = 20 * MINUTE;

export interface ToolPlace {
  readonly ns: number;
  readonly resolv: ResolvConf;
  /** image of the container, "" on a node */
  readonly image: string;
}

/** resolv.conf as a pod's kubelet writes it; `node` is the node's own. */
export function resolvConfOf(pod: Pod, dnsIp: string | null, node: ResolvConf): ResolvConf {
  const { hostNetwork, dnsPolicy, dnsConfig } = pod.spec;
  return podResolvConf(
    { clusterDns: dnsIp === null ? [] : [dnsIp], clusterDomain: "cluster.local", node },
    {
      namespace: pod.metadata.namespace ?? "default",
      ...(hostNetwork === undefined ? {} : { hostNetwork }),
      ...(dnsPolicy === undefined ? {} : { dnsPolicy }),
      ...(dnsConfig === undefined ? {} : { dnsConfig: dnsConfig as never }),
    },
  );
}

export function isTool(words: readonly string[]): boolean {
  return TOOLS.includes(words[0] ?? "");
}

/** Runs one to its end, as long as that takes. */
export function runTool({ engine, stack }: World, { ns, resolv, image }: ToolPlace, [tool = "", ...words]: readonly string[]): Output {
  const busybox = /(^|\/)busybox(:|@|$)/.test(image);
  const alpine = /alpine/.test(image);
  const form = /(^|\/)busybox:1\.2[0-8]/.test(image) ? "busybox-1.28" : busybox || alpine ? "busybox" : "bind";
  const app = launch(stack, ns, tool, { words, resolv, form, resolver: alpine ? "musl" : "glibc", epoch: DEFAULT_EPOCH });
  const end = engine.now + LIMIT;
  while (stack.app.apps.get(app)?.exit === undefined && engine.nextTime() <= end && engine.step());
  const info = stack.app.apps.get(app);
  const text = (info?.output ?? []).map((line) => `${line}\n`).join("");
  return { text, code: info?.exit ?? 124 };
}
