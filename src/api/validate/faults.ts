/*
 * Collects what is wrong with one object, worded as the API server words it.
 * Read first: k8s.io/apimachinery pkg/util/validation/field/errors.go (`ErrorBody`).
 */
import type { Problem } from "../../base/problem.js";
import { goJson, goValue } from "../go-text.js";
import { objectName } from "../kinds.js";
import { type Located, placeOf } from "../located.js";

/** How strict the judge is. */
export interface ValidateOptions {
  /** Odd forms of addresses (leading zeros, host bits, IPv4-mapped) are errors, as with StrictIPCIDRValidation. */
  readonly strict?: boolean;
}

export class Faults {
  readonly problems: Problem[] = [];

  constructor(
    private readonly located: Located,
    private readonly options: ValidateOptions,
  ) {}

  get strict(): boolean {
    return this.options.strict === true;
  }

  /** Whether a field stands in the text; unknown, and taken as yes, for objects without one. */
  isWritten(path: string): boolean {
    const { file, places } = this.located.source;
    return file === "" || Object.hasOwn(places, path);
  }

  /** `at` is the path to point at where the API server's own path is coarser. */
  invalid(path: string, value: unknown, detail: string, at: string = path): void {
    this.add("invalid-value", path, `Invalid value: ${goValue(value)}`, detail, at);
  }

  /** One error for each detail. */
  invalidEach(path: string, value: unknown, details: readonly string[], at: string = path): void {
    for (const detail of details) this.invalid(path, value, detail, at);
  }

  /** For the server's internal records, which print their fields in Go's order and spelling. */
  invalidJson(path: string, value: object, detail: string): void {
    this.add("invalid-value", path, `Invalid value: ${goJson(value)}`, detail);
  }

  required(path: string, detail = ""): void {
    this.add("required-value", path, "Required value", detail);
  }

  forbidden(path: string, detail: string): void {
    this.add("forbidden", path, "Forbidden", detail);
  }

  duplicate(path: string, value: unknown, detail = ""): void {
    this.add("duplicate-value", path, `Duplicate value: ${goValue(value)}`, detail);
  }

  /** The supported values in the order in which the API server lists them. */
  unsupported(path: string, value: string | boolean, supported: readonly string[]): void {
    this.#unsupported(path, goValue(value), supported);
  }

  unsupportedJson(path: string, value: object, supported: readonly string[]): void {
    this.#unsupported(path, goJson(value), supported);
  }

  #unsupported(path: string, value: string, supported: readonly string[]): void {
    const listed = supported.map((each) => JSON.stringify(each)).join(", ");
    this.add("unsupported-value", path, `Unsupported value: ${value}`, `supported values: ${listed}`);
  }

  tooMany(path: string, found: number, most: number): void {
    const items = most === 1 ? "item" : "items";
    this.add("too-many", path, `Too many: ${found}`, `must have at most ${most} ${items}`);
  }

  tooLong(path: string, most: number): void {
    this.add("too-long", path, "Too long", `may not be more than ${most} bytes`);
  }

  nonNegative(path: string, value: number | undefined): void {
    if (value !== undefined && value < 0) this.invalid(path, value, "must be greater than or equal to 0");
  }

  /** A value that has to be one of a list, when it is there. */
  oneOf(path: string, value: string | undefined, supported: readonly string[]): void {
    if (value !== undefined && !supported.includes(value)) this.unsupported(path, value, supported);
  }

  warn(path: string, message: string, fix?: string): void {
    this.#problem("warning", "odd-value", path, message, fix);
  }

  add(code: string, path: string, start: string, detail: string, at: string = path): void {
    this.#problem("error", code, path, detail === "" ? start : `${start}: ${detail}`, undefined, at);
  }

  #problem(
    severity: Problem["severity"],
    code: string,
    path: string,
    message: string,
    fix: string | undefined,
    at: string = path,
  ): void {
    const { object, source } = this.located;
    const [line, column] = placeOf(source, writtenPath(at, source.places));
    const where = source.file === "" ? {} : { file: source.file, line, column };
    const more = fix === undefined ? {} : { fix };
    this.problems.push(Object.freeze({ code, severity, path, message, object: objectName(object), ...where, ...more }));
  }
}

/** Paths that the API server misspells or derives, as people write them. */
function writtenPath(path: string, places: Readonly<Record<string, unknown>>): string {
  if (path.startsWith("spec.clusterIPs") && !Object.hasOwn(places, "spec.clusterIPs")) return "spec.clusterIP";
  if (path.startsWith("spec.podCIDRs") && !Object.hasOwn(places, "spec.podCIDRs")) return "spec.podCIDR";
  return path
    .replace(/^spec\.LoadBalancerSourceRanges/, "spec.loadBalancerSourceRanges")
    .replace(/^metadata\.taints/, "spec.taints")
    .replace(/template\.(labels|annotations)(?=\[|$)/, "template.metadata.$1")
    .replace(/^annotations\.(.*)$/, "metadata.annotations[$1]");
}
