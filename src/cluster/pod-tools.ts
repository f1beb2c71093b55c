/** Commands of a pod's image that use the network as programs of their own: they resolve names, open sockets, and take time. */
import type { Pod } from "../api/index.js";
import { MINUTE } from "../base/time.js";
import { DEFAULT_EPOCH } from "../control/options.js";
import { launch } from "../linux/sock/app.js";
import { podResolvConf, type ResolvConf } from "../models/dns/resolv-conf.js";
import type { NameLookupResult } from "../models/app/name-lookup.js";
import type { Output } from "../shell/output.js";
import type { Names } from "../shell/place.js";
import type { World } from "./world.js";

/** Names of commands that are programs. */
const TOOLS: readonly string[] = Object.freeze(["nslookup", "wget", "dig", "curl", "nc"]);
/** A tool gives up long before. */
const LIMIT: number = 20 * MINUTE;

export interface ToolPlace {
  readonly ns: number;
  readonly resolv: ResolvConf;
  /** image of the container, "" on a node */
  readonly image: string;
}

/** resolv.conf as a pod's kubelet writes it, told its clusterDNS; `node` is the node's own. */
export function resolvConfOf(pod: Pod, clusterDns: readonly string[], node: ResolvConf): ResolvConf {
  const { hostNetwork, dnsPolicy, dnsConfig } = pod.spec;
  return podResolvConf(
    { clusterDns, clusterDomain: "cluster.local", node },
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
  const written = info?.state["stdout"];
  const text = typeof written === "string" ? written : (info?.output ?? []).map((line) => `${line}\n`).join("");
  return { text, code: info?.exit ?? 124 };
}

/** The resolver of a place, for tools that are no programs: what it asks is asked by one. */
export function namesOf({ engine, stack }: World, { ns, resolv, image }: ToolPlace): Names {
  const ask = (question: { readonly name: string } | { readonly address: string }): NameLookupResult => {
    const app = launch(stack, ns, "name-lookup", { ...question, resolv, resolver: /alpine/.test(image) ? "musl" : "glibc" });
    const end = engine.now + LIMIT;
    while (stack.app.apps.get(app)?.exit === undefined && engine.nextTime() <= end && engine.step());
    const result = stack.app.apps.get(app)?.state as unknown as NameLookupResult;
    stack.app.apps.delete(app);
    return result;
  };
  return {
    forward: (name, family) => ask({ name }).addresses.find((address) => family === 0 || address.includes(":") === (family === 6)) ?? "",
    reverse: (address) => ask({ address }).name || undefined,
  };
}

/** Whether an image's tools are busybox's. */
export function isBusybox(image: string): boolean {
  return /(^|\/)busybox(:|@|$)/.test(image) || /alpine/.test(image);
}
