/*
 * Expectations as YAML: what must be open and what must be closed.
 *
 *   - name: carts are private          # optional
 *     from: ["shop/*", "!shop/web"]    # patterns, one or a list; "!" takes away
 *     to: shop/cart
 *     port: 7070                       # number, name, "8000-8100", or a list; absent: every port
 *     protocol: TCP                    # absent: TCP with a port, all three without
 *     expect: deny                     # allow: all of it is open; deny: none of it is
 *
 * A pattern is `ns/name` of a pod or workload (`*` for any letters, `name` alone in namespace default, `*` alone for all),
 * `ns/name[Kind]`, `node/name`, an address, a CIDR or `internet`; or `{namespace: shop, labels: {app: web}}`.
 */
import type { Labels, ManifestFile, Protocol } from "../api/index.js";
import { protocols } from "../api/index.js";
import { nearestName } from "../api/nearest-name.js";
import { entryOf, jsonTypeName, type MapNode, type Place, type TreeNode } from "../api/tree.js";
import { parseYaml } from "../api/yaml-text.js";
import type { Problem } from "../base/problem.js";

/** Pods by namespace and labels; an absent one does not narrow. */
export interface LabelPattern {
  readonly namespace?: string;
  readonly labels?: Labels;
}

/** What somebody expects of a set of policies. */
export interface Expectation {
  /** Empty when it was given none. */
  readonly name: string;
  readonly from: readonly (string | LabelPattern)[];
  readonly to: readonly (string | LabelPattern)[];
  /** Numbers, names, or `first-last`; empty for every port. */
  readonly ports: readonly (number | string)[];
  /** Empty for all of TCP, UDP and SCTP. */
  readonly protocol: Protocol | "";
  readonly expect: "allow" | "deny";
  readonly file: string;
  /** Counted from 1; 0 when it was read from no file. */
  readonly line: number;
}

const keys: readonly string[] = Object.freeze(["name", "from", "to", "port", "protocol", "expect"]);

/** Reads files of expectations: a list, or a mapping with `expectations`. None is returned when any has a fault. */
export function readExpectations(files: readonly ManifestFile[]): { readonly expectations: readonly Expectation[]; readonly problems: readonly Problem[] } {
  const reader = new ExpectationReader();
  for (const file of files) reader.file(file);
  return { expectations: reader.problems.length > 0 ? [] : reader.found, problems: reader.problems };
}

class ExpectationReader {
  readonly found: Expectation[] = [];
  readonly problems: Problem[] = [];
  #file = "";

  file({ name, text }: ManifestFile): void {
    this.#file = name;
    for (const document of parseYaml(text)) {
      if ("tree" in document) this.#document(document.tree);
      else for (const { message, ...place } of document.faults) this.#refuse("malformed-yaml", "", message, place);
    }
  }

  #document(tree: TreeNode): void {
    const wrapped = tree.kind === "map" ? entryOf(tree, "expectations") : undefined;
    const list = wrapped === undefined ? tree : wrapped.node;
    if (list.kind !== "list") return this.#refuse("wrong-type", "", "expectations must be a list, or a mapping with a list under expectations", tree);
    list.items.forEach((item, i) => {
      const path = `${wrapped === undefined ? "" : "expectations"}[${i}]`;
      if (item.kind === "map") this.#entry(item, path);
      else this.#refuse("wrong-type", path, `an expectation must be a mapping, found ${jsonTypeName(item)}`, item);
    });
  }

  #entry(entry: MapNode, path: string): void {
    for (const { key, place } of entry.entries) {
      if (keys.includes(key)) continue;
      const near = nearestName(key, keys);
      this.#refuse("unknown-field", `${path}.${key}`, `unknown field ${JSON.stringify(key)}`, place, near === undefined ? `one of ${keys.join(", ")}` : `write ${near}`);
    }
    const from = this.#ends(entry, "from", path);
    const to = this.#ends(entry, "to", path);
    const ports = this.#list(entry, "port").map((node, i) => this.#port(node, i === 0 ? `${path}.port` : `${path}.port[${i}]`));
    const protocol = this.#protocol(entry, path, ports.length > 0);
    const expect = this.#word(entry, "expect", path);
    if (expect !== null && expect !== "allow" && expect !== "deny") {
      this.#refuse("unsupported-value", `${path}.expect`, `Unsupported value: ${JSON.stringify(expect)}: supported values: "allow", "deny"`, entryOf(entry, "expect")!.place);
    }
    const name = entryOf(entry, "name")?.node;
    const said = name?.kind === "scalar" ? String(name.value) : "";
    this.found.push({ name: said, from, to, ports, protocol, expect: expect === "deny" ? "deny" : "allow", file: this.#file, line: entry.line });
  }

  #ends(entry: MapNode, key: "from" | "to", path: string): readonly (string | LabelPattern)[] {
    const nodes = this.#list(entry, key);
    if (nodes.length === 0) this.#refuse("required", `${path}.${key}`, "Required value", entry);
    return nodes.map((node) => {
      if (node.kind === "map") return this.#labels(node, `${path}.${key}`);
      if (node.kind === "scalar" && typeof node.value === "string" && node.value !== "") return node.value;
      this.#refuse("wrong-type", `${path}.${key}`, `a pattern must be text or {namespace, labels}, found ${jsonTypeName(node)}`, node);
      return "";
    });
  }

  #labels(node: MapNode, path: string): LabelPattern {
    for (const { key, place } of node.entries) {
      if (key !== "namespace" && key !== "labels") this.#refuse("unknown-field", `${path}.${key}`, `unknown field ${JSON.stringify(key)}`, place, "one of namespace, labels");
    }
    const labels = entryOf(node, "labels")?.node;
    const namespace = entryOf(node, "namespace")?.node;
    if (labels !== undefined && labels.kind !== "map") this.#refuse("wrong-type", `${path}.labels`, `labels must be a mapping, found ${jsonTypeName(labels)}`, labels);
    if (namespace !== undefined && namespace.kind !== "scalar") this.#refuse("wrong-type", `${path}.namespace`, `a namespace must be text, found ${jsonTypeName(namespace)}`, namespace);
    const pairs = labels?.kind === "map" ? labels.entries.map(({ key, node: value }) => [key, value.kind === "scalar" ? String(value.value) : ""]) : null;
    return {
      ...(namespace?.kind === "scalar" ? { namespace: String(namespace.value) } : {}),
      ...(pairs === null ? {} : { labels: Object.fromEntries(pairs) }),
    };
  }

  #port(node: TreeNode, path: string): number | string {
    const value = node.kind === "scalar" ? node.value : null;
    const [first, last] = /^\d+(?:-\d+)?$/.test(String(value)) ? String(value).split("-").map(Number) : [1];
    const bad = first! < 1 || first! > 65535 || (last !== undefined && (last < first! || last > 65535));
    if ((typeof value !== "number" && typeof value !== "string") || value === "" || bad || (typeof value === "number" && !Number.isInteger(value))) {
      this.#refuse("invalid-value", path, `Invalid value: ${JSON.stringify(value)}: must be a port from 1 to 65535, a name, or first-last`, node);
    }
    return typeof value === "number" || typeof value === "string" ? value : 0;
  }

  #protocol(entry: MapNode, path: string, hasPort: boolean): Protocol | "" {
    const written = this.#word(entry, "protocol", path, false)?.toUpperCase();
    if (written === undefined) return hasPort ? "TCP" : "";
    const known = protocols.find((each) => each === written);
    if (known !== undefined) return known;
    this.#refuse("unsupported-value", `${path}.protocol`, `Unsupported value: ${JSON.stringify(written)}: supported values: "SCTP", "TCP", "UDP"`, entryOf(entry, "protocol")!.place);
    return "";
  }

  #word(entry: MapNode, key: string, path: string, required = true): string | null {
    const found = entryOf(entry, key);
    if (found === undefined) {
      if (required) this.#refuse("required", `${path}.${key}`, "Required value", entry);
      return null;
    }
    return found.node.kind === "scalar" ? String(found.node.value) : jsonTypeName(found.node);
  }

  #list(entry: MapNode, key: string): readonly TreeNode[] {
    const node = entryOf(entry, key)?.node;
    return node === undefined ? [] : node.kind === "list" ? node.items : [node];
  }

  #refuse(code: string, path: string, message: string, { line, column }: Place, fix?: string): void {
    this.problems.push({ code, severity: "error", path, message, file: this.#file, line, column, ...(fix === undefined ? {} : { fix }) });
  }
}
