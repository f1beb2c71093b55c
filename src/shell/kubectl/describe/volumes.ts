/** The volumes of a described pod: what manifests of networked applications hold. Read first: kubectl pkg/describe/describe.go, describeVolumes. */
import type { Page } from "./page.js";

interface Named {
  readonly name?: string;
  readonly optional?: boolean;
}

interface Volume {
  readonly name: string;
  readonly hostPath?: { readonly path: string; readonly type?: string };
  readonly emptyDir?: { readonly medium?: string; readonly sizeLimit?: string };
  readonly secret?: { readonly secretName?: string; readonly optional?: boolean };
  readonly configMap?: Named;
  readonly persistentVolumeClaim?: { readonly claimName: string; readonly readOnly?: boolean };
  readonly projected?: {
    readonly sources?: readonly {
      readonly serviceAccountToken?: { readonly expirationSeconds?: number };
      readonly configMap?: Named;
      readonly secret?: Named;
      readonly downwardAPI?: unknown;
    }[];
  };
}

/** Their names and sources; `indent` stands before the title. */
export function describeVolumes(page: Page, volumes: unknown, indent = ""): void {
  const list = (Array.isArray(volumes) ? volumes : []) as readonly Volume[];
  page.line(0, `${indent}${list.length === 0 ? "Volumes:\t<none>" : "Volumes:"}`);
  for (const volume of list) {
    page.line(1, `${indent === "" ? "" : " "}${volume.name}:`);
    for (const line of volumeLines(volume)) page.line(2, line);
  }
}

function volumeLines({ hostPath, emptyDir, secret, configMap, persistentVolumeClaim: claim, projected }: Volume): string[] {
  if (hostPath !== undefined) return ["Type:\tHostPath (bare host directory volume)", `Path:\t${hostPath.path}`, `HostPathType:\t${hostPath.type ?? ""}`];
  if (emptyDir !== undefined) return ["Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)", `Medium:\t${emptyDir.medium ?? ""}`, `SizeLimit:\t${emptyDir.sizeLimit ?? "<unset>"}`];
  if (secret !== undefined) return ["Type:\tSecret (a volume populated by a Secret)", `SecretName:\t${secret.secretName ?? ""}`, `Optional:\t${secret.optional === true}`];
  if (configMap !== undefined) return ["Type:\tConfigMap (a volume populated by a ConfigMap)", `Name:\t${configMap.name ?? ""}`, `Optional:\t${configMap.optional === true}`];
  if (claim !== undefined) return ["Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)", `ClaimName:\t${claim.claimName}`, `ReadOnly:\t${claim.readOnly === true}`];
  if (projected === undefined) return ["<unknown>"];
  const sources = (projected.sources ?? []).flatMap(({ serviceAccountToken: token, configMap: map, secret: hidden, downwardAPI }) => {
    if (hidden !== undefined) return [`SecretName:\t${hidden.name ?? ""}`, `Optional:\t${hidden.optional === true}`];
    if (downwardAPI !== undefined) return ["DownwardAPI:\ttrue"];
    if (map !== undefined) return [`ConfigMapName:\t${map.name ?? ""}`, `Optional:\t${map.optional === true}`];
    return token === undefined ? [] : [`TokenExpirationSeconds:\t${token.expirationSeconds ?? 3600}`];
  });
  return ["Type:\tProjected (a volume that contains injected data from multiple sources)", ...sources];
}
