import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import type { EndpointSlice, KubeObject, Node, Service } from "../../src/api/index.js";
import { type ProxyConfig, readProxyConfig } from "../../src/models/proxy/config.js";
import { shared } from "../support/shared.js";

export interface ProxyCase {
  readonly name: string;
  readonly config: ProxyConfig;
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
  readonly nodes: readonly Node[];
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
      const objects = readObjects(text("objects.yaml"));
      return {
        name,
        config,
        services: objects.filter((object) => object.kind === "Service"),
        slices: objects.filter((object) => object.kind === "EndpointSlice"),
        nodes: objects.filter((object) => object.kind === "Node"),
        expected: text("expected.txt"),
      };
    });
}

export function readObjects(yaml: string): readonly KubeObject[] {
  return parseAllDocuments(yaml).flatMap((document) => {
    const value = document.toJS() as KubeObject | null;
    return value === null ? [] : [value];
  });
}
