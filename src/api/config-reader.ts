/* What the readers of cluster configs share: one document, its fields, and every problem with a place. */
import type { Problem } from "../base/problem.js";
import { type DecodeFault, decodeRecord } from "./decode.js";
import { type CidrText, cidrContains, parseCidrText } from "./ip-text.js";
import { nearestName } from "./nearest-name.js";
import type { RecordShape } from "./shapes/shape.js";
import { type MapNode, textOf } from "./tree.js";
import { parseYaml } from "./yaml-text.js";

/** Families of a cluster, as kind names them. */
export const clusterFamilies = ["ipv4", "ipv6", "dual"] as const;
/** `ipFamily` of a cluster config. */
export type ClusterFamily = (typeof clusterFamilies)[number];

/** A config, or every problem with it. */
export type ConfigResult<T> =
  | { readonly config: T; readonly problems: readonly Problem[] }
  | { readonly config: undefined; readonly problems: readonly Problem[] };

export class ConfigReader {
  readonly #problems: Problem[] = [];
  #places: Readonly<Record<string, readonly [number, number]>> = {};

  constructor(
    private readonly file: string,
    private readonly unknownFields: "error" | "warning",
  ) {}

  /** The first document that `wanted` takes. */
  document(text: string, wanted: (apiVersion: string, kind: string) => boolean): MapNode | undefined {
    for (const document of parseYaml(text)) {
      if (!("tree" in document)) {
        for (const { message, line, column } of document.faults) this.#add("malformed-yaml", "error", "", message, [line, column]);
      } else if (document.tree.kind === "map") {
        const { tree } = document;
        if (wanted(textOf(tree, "apiVersion") ?? "", textOf(tree, "kind") ?? "")) return tree;
      }
    }
    return undefined;
  }

  decode(tree: MapNode, shape: RecordShape): Readonly<Record<string, unknown>> {
    const { value, faults, places } = decodeRecord(tree, shape);
    this.#places = places;
    for (const fault of faults) this.#decodeFault(fault);
    return value;
  }

  #decodeFault({ code, path, message, line, column, fix }: DecodeFault): void {
    this.#add(code, code === "unknown-field" ? this.unknownFields : "error", path, message, [line, column], fix);
  }

  error(path: string, message: string, fix?: string): void {
    this.#add("invalid-config", "error", path, message, this.#places[path], fix);
  }

  choice<T extends string>(path: string, value: string | undefined, choices: readonly T[], otherwise: T, words: string): T {
    if (value === undefined || value === "") return otherwise;
    const known = choices.find((choice) => choice === value);
    if (known !== undefined) return known;
    const near = nearestName(value, choices) ?? choices.join(" or ");
    this.error(path, `${words}: ${value}`, `write ${near}`);
    return otherwise;
  }

  /** Comma-joined CIDRs, at most one for each family, as many as the cluster has families. */
  subnets(path: string, text: string, family: ClusterFamily): readonly string[] {
    if (text === "") return [];
    const written = text.split(",").map((each) => each.trim());
    const parsed = written.map((each) => parseCidrText(each));
    const bad = written.find((_, index) => parsed[index] === undefined);
    const families = parsed.map((each) => each?.address.family);
    if (bad !== undefined) this.error(path, `invalid CIDR address: ${bad}`);
    else if (written.length > 2 || new Set(families).size < written.length) {
      this.error(path, `expected one CIDR for each IP family, found ${text}`);
    } else if (family !== "dual" && (written.length > 1 || families[0] !== (family === "ipv4" ? 4 : 6))) {
      this.error(path, `expected ${family} CIDR but got ${text}`);
    }
    return written;
  }

  apart(pods: readonly string[], services: readonly string[]): void {
    for (const pod of pods.map(parseCidrText)) {
      for (const service of services.map(parseCidrText)) {
        if (pod === undefined || service === undefined) continue;
        if (holds(pod, service) || holds(service, pod)) this.error("networking.serviceSubnet", `${service.canonical} overlaps with the pod subnet ${pod.canonical}`);
      }
    }
  }

  failed(message: string): { readonly config: undefined; readonly problems: readonly Problem[] } {
    if (this.#problems.length === 0) this.error("", message);
    return { config: undefined, problems: Object.freeze(this.#problems) };
  }

  result<T>(config: T): ConfigResult<T> {
    const problems = Object.freeze(this.#problems);
    return problems.some((problem) => problem.severity === "error") ? { config: undefined, problems } : { config: Object.freeze(config), problems };
  }

  #add(code: string, severity: "error" | "warning", path: string, message: string, place?: readonly [number, number], fix?: string): void {
    const [line, column] = place ?? [1, 1];
    const where = this.file === "" ? { line, column } : { file: this.file, line, column };
    this.#problems.push(Object.freeze({ code, severity, path, message, ...where, ...(fix === undefined ? {} : { fix }) }));
  }
}

function holds(outer: CidrText, inner: CidrText): boolean {
  return cidrContains(outer, { ...inner.address, bytes: inner.network });
}
