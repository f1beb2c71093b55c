/** `kubectl get` and `kubectl events`. Read first: kubectl pkg/cmd/get/get.go. */
import { type Event, kindInfo, type KubeObject } from "../../api/index.js";
import { compareText } from "../../base/names.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import type { CommandLine } from "./command-line.js";
import { byTime, eventsText } from "./get/event-table.js";
import { customColumnsText } from "./get/custom-columns.js";
import { type Row, tableText } from "./get/table.js";
import { columnsOf, rowOf } from "./get/tables.js";
import { secondsOf, watchObjects } from "./get/watch.js";
import { jsonText } from "./output/json.js";
import { jsonPathText } from "./output/json-path.js";
import { yamlText } from "./output/yaml.js";
import { fieldAt, namespaceOf, pick, type Picked } from "./pick.js";
import { findResource, resourceWord } from "./resources.js";
import type { KubectlSource } from "./source.js";

const NO_TYPE = `You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.

error: Required resource not specified.
Use "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).
See 'kubectl get -h' for help and examples`;
const FORMATS = "custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml";
const ENDPOINTS_WARNING = "Warning: v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\n";

export function getCommand(line: CommandLine, source: KubectlSource): Output {
  if (line.args.length === 0) throw new Ended(1, NO_TYPE);
  const format = line.flag("output") ?? "";
  const [style = ""] = format.split("=");
  if (!["", ...FORMATS.split(",")].includes(style)) throw new Ended(1, `error: unable to match a printer suitable for the output format "${format}", allowed formats are: ${FORMATS}`);
  const { picked, faults } = pick(line, source);
  const warning = picked.some(({ info }) => info.kind === "Endpoints") ? ENDPOINTS_WARNING : "";
  const sorted = picked.map((group) => ({ ...group, objects: ordered(group.objects, line.flag("sort-by")) }));
  if ((line.has("watch") || line.has("watch-only")) && faults.length === 0) return said(warning + watched(line, source, style));
  const text = printed(line, sorted, style, source.now());
  const nothing = faults.length === 0 && text === "" && !line.has("ignore-not-found") ? emptyWords(line, picked) : "";
  const all = warning + text + nothing + faults.map((fault) => `${fault}\n`).join("");
  return faults.length > 0 ? failed(1, all) : said(all);
}

function emptyWords(line: CommandLine, picked: readonly Picked[]): string {
  const namespace = namespaceOf(line);
  return namespace !== "" && picked.every(({ info }) => info.namespaced) ? `No resources found in ${namespace} namespace.\n` : "No resources found\n";
}

function ordered(objects: readonly KubeObject[], sortBy: string | undefined): readonly KubeObject[] {
  if (sortBy === undefined) return objects;
  const path = sortBy.replace(/^\{?\.?/, "").replace(/\}$/, "");
  const keyed = objects.map((object, at) => ({ object, at, key: fieldAt(object, path) }));
  const compare = (a: unknown, b: unknown): number => (typeof a === "number" && typeof b === "number" ? a - b : compareText(String(a ?? ""), String(b ?? "")));
  return keyed.sort((a, b) => compare(a.key, b.key) || a.at - b.at).map(({ object }) => object);
}

function printed(line: CommandLine, picked: readonly Picked[], style: string, now: number): string {
  const objects = picked.flatMap((group) => group.objects);
  if (style === "" || style === "wide") return tables(line, picked, style === "wide", now);
  if (style === "name") return picked.flatMap(({ info, objects: list }) => list.map((object) => `${resourceWord(info)}/${object.metadata.name}\n`)).join("");
  const format = line.flag("output") ?? "";
  const template = format.slice(style.length + 1);
  if (style === "custom-columns") return customColumnsText(template, objects, !line.has("no-headers"));
  if (style === "jsonpath" && !format.includes("=")) throw new Ended(1, "error: template format specified but no template given");
  if (style !== "json" && style !== "yaml" && style !== "jsonpath") throw new NotModelled(`kubectl get -o ${style}`);
  if (picked.every((group) => group.named) && objects.length === 0) return "";
  const only = objects.length === 1 && picked.every((group) => group.named) ? shown(objects[0]!, line) : undefined;
  const value = only ?? { apiVersion: "v1", items: objects.map((object) => shown(object, line)), kind: "List", metadata: { resourceVersion: "" } };
  if (style === "jsonpath") return jsonPathText(template, value);
  return style === "json" ? jsonText(value) : yamlText(value);
}

/** What `--watch` prints: lines keep the widths of all that were printed before. */
function watched(line: CommandLine, source: KubectlSource, style: string): string {
  if (style !== "" && style !== "wide" && style !== "name") throw new NotModelled(`kubectl get --watch -o ${style}`);
  const objectsNow = (): readonly KubeObject[] => {
    try {
      return pick(line, source).picked.flatMap(({ objects }) => objects);
    } catch (thrown) {
      if (thrown instanceof Ended) return [];
      throw thrown;
    }
  };
  const first = pick(line, source).picked;
  const rows = new Map<string, { readonly info: Picked["info"]; readonly rows: Row[] }>();
  let text = "";
  const print = (info: Picked["info"], object: KubeObject, shownAt: number, quiet: boolean): void => {
    if (style === "name") {
      if (!quiet) text += `${resourceWord(info)}/${object.metadata.name}\n`;
      return;
    }
    const group = rows.get(info.kind) ?? { info, rows: [] };
    rows.set(info.kind, group);
    const fresh = group.rows.length === 0;
    group.rows.push(rowOf(object, { now: shownAt, wide: style === "wide" }, undefined));
    const options = { headers: !line.has("no-headers"), namespaces: line.has("all-namespaces") && info.namespaced, labels: line.has("show-labels"), columns: labelColumns(line) };
    const table = tableText(columnsOf(info.kind, style === "wide"), group.rows, options).trimEnd().split("\n");
    if (!quiet) text += `${fresh ? table.join("\n") : table[table.length - 1]!}\n`;
  };
  const now = source.now();
  if (style === "name" || line.has("watch-only")) for (const { info, objects } of first) for (const object of objects) print(info, object, now, line.has("watch-only"));
  else {
    text += tables(line, first, style === "wide", now);
    for (const { info, objects } of first) for (const object of objects) print(info, object, now, true);
  }
  const infos = new Map(first.map(({ info }) => [info.kind as string, info]));
  watchObjects(source, objectsNow, secondsOf(line.flag("request-timeout")), (object) => {
    const info = infos.get(object.kind);
    if (info !== undefined) print(info, object, source.now(), false);
  });
  return text;
}

/** `-L app,tier` */
function labelColumns(line: CommandLine): readonly string[] {
  return line.flags("label-columns").flatMap((list) => list.split(","));
}

/** The object without its managed fields, unless they are asked for. */
function shown(object: KubeObject, line: CommandLine): KubeObject {
  const { written } = kindInfo(object.kind);
  const named = written === undefined ? object : ({ ...object, kind: written } as unknown as KubeObject);
  if (line.has("show-managed-fields") || object.metadata.managedFields === undefined) return named;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...named, metadata } as KubeObject;
}

function tables(line: CommandLine, picked: readonly Picked[], wide: boolean, now: number): string {
  const manyKinds = new Set(picked.map(({ info }) => info.kind)).size > 1 || line.has("show-kind");
  const runs: Picked[] = [];
  for (const group of picked) {
    const last = runs[runs.length - 1];
    if (last?.info === group.info) runs[runs.length - 1] = { ...last, objects: [...last.objects, ...group.objects] };
    else runs.push(group);
  }
  const options = { headers: !line.has("no-headers"), namespaces: line.has("all-namespaces"), labels: line.has("show-labels"), columns: labelColumns(line) };
  const texts = runs.filter(({ objects }) => objects.length > 0).map(({ info, objects }) => {
    const rows = objects.map((object) => rowOf(object, { now, wide }, manyKinds ? `${resourceWord(info)}/${object.metadata.name}` : undefined));
    return tableText(columnsOf(info.kind, wide), rows, { ...options, namespaces: options.namespaces && info.namespaced });
  });
  return texts.join(options.headers ? "\n" : "");
}

export function eventsCommand(line: CommandLine, source: KubectlSource): Output {
  const namespace = namespaceOf(line);
  const types = (line.flag("types") ?? "").toLowerCase().split(",").filter((type) => type !== "");
  const [type = "", name = ""] = (line.flag("for") ?? "").split("/");
  const about = type === "" ? undefined : findResource(type).kind;
  const wanted = (event: Event): boolean =>
    (namespace === "" || event.metadata.namespace === namespace) &&
    (types.length === 0 || types.includes((event.type ?? "").toLowerCase())) &&
    (about === undefined || (event.involvedObject.kind === about && event.involvedObject.name === name));
  const events = byTime(source.events().filter(wanted));
  if (events.length === 0) return said(namespace === "" ? "No events found.\n" : `No events found in ${namespace} namespace.\n`);
  return said(eventsText(events, source.now(), namespace === "", !line.has("no-headers")));
}
