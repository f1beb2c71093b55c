// What kubeadm config patches of a kind cluster say of kube-proxy: documents of kind KubeProxyConfiguration, laid over each other.
// Read first: kubernetes pkg/proxy/apis/config/types.go.
import type { ConfigReader } from "./config-reader.js";
import { plainOf, textOf } from "./tree.js";
import { parseYaml } from "./yaml-text.js";

/** Fields of `ipvs` of a KubeProxyConfiguration, as far as podwire has them, as they were written. */
export type KubeProxyIpvs = Readonly<Record<string, string | boolean>>;

/** The fields of a KubeProxyConfiguration that podwire has. */
export interface KubeProxyPatch {
  readonly mode?: string;
  readonly ipvs?: KubeProxyIpvs;
}

const FIELDS: Readonly<Record<string, "string" | "boolean">> = Object.freeze({ scheduler: "string", strictARP: "boolean", tcpTimeout: "string", tcpFinTimeout: "string", udpTimeout: "string" });
const MUST = Object.freeze({ string: "must be a string", boolean: "must be true or false" });

/** Reads `kubeadmConfigPatches`; patches of other kinds, and fields that podwire has not, are left alone. */
export function readKubeProxyPatches(patches: unknown, reader: ConfigReader): KubeProxyPatch {
  let mode: string | undefined;
  let ipvs: Record<string, string | boolean> | undefined;
  (Array.isArray(patches) ? patches : []).forEach((patch: unknown, index) => {
    if (typeof patch !== "string") return;
    const wrong = (field: string, message: string): void => reader.error(`kubeadmConfigPatches[${index}]`, `${field}: ${message}`);
    for (const document of parseYaml(patch)) {
      if (!("tree" in document) || document.tree.kind !== "map" || textOf(document.tree, "kind") !== "KubeProxyConfiguration") continue;
      const written = plainOf(document.tree) as { readonly mode?: unknown; readonly ipvs?: Readonly<Record<string, unknown>> | null };
      if (typeof written.mode === "string") mode = written.mode;
      else if (written.mode !== undefined) wrong("mode", MUST.string);
      for (const [field, value] of Object.entries(written.ipvs ?? {})) {
        const type = FIELDS[field];
        if (type === undefined || value === "") continue;
        if (typeof value === type) ipvs = { ...ipvs, [field]: value as string | boolean };
        else wrong(`ipvs.${field}`, MUST[type]);
      }
    }
  });
  return { ...(mode === undefined ? {} : { mode }), ...(ipvs === undefined ? {} : { ipvs }) };
}
