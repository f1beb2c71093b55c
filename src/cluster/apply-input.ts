import type { ManifestFile } from "../api/index.js";

/** Text and files are read as YAML; anything else is objects. */
export function inputOf(input: string | readonly ManifestFile[] | readonly object[]): { readonly files: readonly ManifestFile[] | null; readonly objects: readonly object[] } {
  if (typeof input === "string") return { files: [{ name: "-", text: input }], objects: [] };
  const isFiles = input.length > 0 && input.every((one) => typeof (one as ManifestFile).text === "string" && typeof (one as ManifestFile).name === "string");
  return isFiles ? { files: input as readonly ManifestFile[], objects: [] } : { files: null, objects: input };
}
