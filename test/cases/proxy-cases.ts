import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import type { KubeObject } from "../../src/api/index.js";
import { type ProxyConfig, readProxyConfig } from "../../src/models/proxy/config.js";
import { type ProxyObjects, proxyObjects } from "../../src/models/proxy/configured-rules.js";
import { shared } from "../support/shared.js";

export interface ProxyCase {
  readonly name: string;
  readonly config: ProxyConfig;
  readonly objects: ProxyObjects;
  readonly expected: string;
}

/** The recorded cases of one proxy mode; none where there is no ../shared. */
export function proxyCases(mode: "iptables" | "nftables"): readonly ProxyCase[] {
  const folder = shared === null ? "" : resolve(shared, "cases", `kube-proxy-${mode}`);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => {
      const text = (file: string): string => readFileSync(resolve(folder, name, file), "utf8");
      const { config, problems } = readProxyConfig(text("config.yaml"), "config.yaml");
      if (config === null) throw new Error(JSON.stringify(problems));
      const documents = parseAllDocuments(text("objects.yaml")).map((document) => document.toJS() as KubeObject | null);
      return { name, config, objects: proxyObjects(documents.filter((each) => each !== null)), expected: text("expected.txt") };
    });
}
