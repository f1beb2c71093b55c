// What kubeadm config patches of a kind cluster say of kube-proxy: documents of kind KubeProxyConfiguration, laid over each other.
// Read first: kubernetes pkg/proxy/apis/config/types.go.
import type { ConfigReader } from "./config-reader.js";
import { plainOf, textOf } from "./tree.js";
import { parseYaml } from "./yaml-text.js";

/** `ipvs` of a KubeProxyConfiguration, as far as podwire has it. */
export interface KubeProxyIpvs {
  readonly scheduler?: string;
  readonly strictARP?: boolean;
}

/** The fields of a KubeProxyConfiguration that podwire has. */
export interface KubeProxyPatch {
  readonly mode?: string;
  readonly ipvs?: KubeProxyIpvs;
}

/** Reads `kubeadmConfigPatches`; patches of other kinds are left alone. */
export function readKubeProxyPatches(patches: unknown, reader: ConfigReader): KubeProxyPatch {
  let made: KubeProxyPatch = {};
  (Array.isArray(patches) ? patches : []).forEach((patch: unknown, index) => {
    if (typeof patch !== "string") return;
    const wrong = (field: string, message: string): void => reader.error(`kubeadmConfigPatches[${index}]`, `${field}: ${message}`);
    for (const document of parseYaml(patch)) {
      if (!("tree" in document) || document.tree.kind !== "map" || textOf(document.tree, "kind") !== "KubeProxyConfiguration") continue;
      const { mode, ipvs } = plainOf(document.tree) as { readonly mode?: unknown; readonly ipvs?: Readonly<Record<string, unknown>> | null };
      if (mode !== undefined && typeof mode !== "string") wrong("mode", "must be a string");
      const { scheduler, strictARP } = ipvs ?? {};
      if (scheduler !== undefined && typeof scheduler !== "string") wrong("ipvs.scheduler", "must be a string");
      if (strictARP !== undefined && typeof strictARP !== "boolean") wrong("ipvs.strictARP", "must be true or false");
      made = {
        ...made,
        ...(typeof mode === "string" ? { mode } : {}),
        ...(ipvs === undefined || ipvs === null
          ? {}
          : { ipvs: { ...made.ipvs, ...(typeof scheduler === "string" && scheduler !== "" ? { scheduler } : {}), ...(typeof strictARP === "boolean" ? { strictARP } : {}) } }),
      };
    }
  });
  return made;
}
