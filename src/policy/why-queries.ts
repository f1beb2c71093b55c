/* Files of questions, YAML or JSON: a list of `{from, to, port, protocol}`, or one of them. */
import type { ManifestFile } from "../api/index.js";
import { nearestName } from "../api/nearest-name.js";
import { entryOf, jsonTypeName, type MapNode, type Place, type TreeNode } from "../api/tree.js";
import { parseYaml } from "../api/yaml-text.js";
import type { Problem } from "../base/problem.js";
import type { TextQuery } from "./query.js";

const keys: readonly string[] = Object.freeze(["from", "to", "port", "protocol"]);

/** Questions in the order of the file; none when any has a fault. A port may be left out where the protocol has none (ICMP). */
export function readQueries(file: ManifestFile): { readonly queries: readonly TextQuery[]; readonly problems: readonly Problem[] } {
  const queries: TextQuery[] = [];
  const problems: Problem[] = [];
  const refuse = (code: string, path: string, message: string, { line, column }: Place, fix?: string): void => {
    problems.push({ code, severity: "error", path, message, file: file.name, line, column, ...(fix === undefined ? {} : { fix }) });
  };
  for (const document of parseYaml(file.text)) {
    if (!("tree" in document)) {
      for (const { message, ...place } of document.faults) refuse("malformed-yaml", "", message, place);
      continue;
    }
    const before = queries.length;
    const items = document.tree.kind === "list" ? document.tree.items : [document.tree];
    items.forEach((item, i) => {
      const query = readOne(item, `[${before + i}]`, refuse);
      if (query !== null) queries.push(query);
    });
  }
  return { queries: problems.length > 0 ? [] : queries, problems };
}

type Refuse = (code: string, path: string, message: string, place: Place, fix?: string) => void;

function readOne(item: TreeNode, path: string, refuse: Refuse): TextQuery | null {
  if (item.kind !== "map") {
    refuse("wrong-type", path, `a question must be a mapping, found ${jsonTypeName(item)}`, item);
    return null;
  }
  for (const { key, place } of item.entries) {
    if (keys.includes(key)) continue;
    const near = nearestName(key, keys);
    refuse("unknown-field", `${path}.${key}`, `unknown field ${JSON.stringify(key)}`, place, near === undefined ? `one of ${keys.join(", ")}` : `write ${near}`);
  }
  const from = textField(item, "from", path, refuse);
  const to = textField(item, "to", path, refuse);
  const protocol = entryOf(item, "protocol") === undefined ? "TCP" : textField(item, "protocol", path, refuse);
  const port = portField(item, protocol, path, refuse);
  return { from, to, port, protocol };
}

function textField(item: MapNode, key: string, path: string, refuse: Refuse): string {
  const entry = entryOf(item, key);
  if (entry === undefined) refuse("required", `${path}.${key}`, "Required value", item);
  else if (entry.node.kind === "scalar" && typeof entry.node.value === "string") return entry.node.value;
  else refuse("wrong-type", `${path}.${key}`, `must be text, found ${jsonTypeName(entry.node)}`, entry.place);
  return "";
}

function portField(item: MapNode, protocol: string, path: string, refuse: Refuse): number | string {
  const entry = entryOf(item, "port");
  if (entry === undefined) {
    if (["TCP", "UDP", "SCTP"].includes(protocol.toUpperCase())) refuse("required", `${path}.port`, "Required value", item);
    return 0;
  }
  const value = entry.node.kind === "scalar" ? entry.node.value : null;
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65535) return value;
  refuse("invalid-value", `${path}.port`, `Invalid value: ${JSON.stringify(value)}: must be a port from 0 to 65535 or a name`, entry.place);
  return 0;
}
