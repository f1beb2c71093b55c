/* What is gathered while policies are read: the switches in force, and what could not be taken as written. */
import type { Problem } from "../base/problem.js";
import { type LabelSelector, placeOf, type SourceRef } from "../api/index.js";
import type { PolicySwitches } from "./switches.js";

export class Reading {
  readonly switches: PolicySwitches;
  readonly problems: Problem[] = [];
  readonly #paths = new Map<string, string[]>();
  readonly #entries = new Map<string, string[][]>();
  #object = "";
  #source: SourceRef | null = null;

  constructor(switches: PolicySwitches) {
    this.switches = switches;
  }

  begin(object: string, source: SourceRef | null): void {
    this.#object = object;
    this.#source = source;
  }

  /** `head[i]`; equal paths of different policies are one string. */
  path(head: string, i: number): string {
    let list = this.#paths.get(head);
    if (list === undefined) {
      list = [];
      this.#paths.set(head, list);
    }
    return (list[i] ??= `${head}[${i}]`);
  }

  /** `rule.field[i]`. */
  entryPath(rule: string, field: "from" | "to" | "ports" | "protocols", i: number): string {
    const key = field === "ports" ? 1 : field === "protocols" ? 2 : 0;
    let lists = this.#entries.get(rule);
    if (lists === undefined) {
      lists = [[], [], []];
      this.#entries.set(rule, lists);
    }
    return (lists[key]![i] ??= `${rule}.${field}[${i}]`);
  }

  refuse(path: string, message: string): void {
    this.#add("not-usable", "error", path, message);
  }

  note(path: string, message: string): void {
    this.#add("open-point", "note", path, message);
  }

  peerSelector(selector: LabelSelector | null): LabelSelector | null {
    if (selector === null || this.switches.peerExpressions === "matched") return selector;
    return selector.matchLabels === undefined ? {} : { matchLabels: selector.matchLabels };
  }

  #add(code: string, severity: Problem["severity"], path: string, message: string): void {
    const place = this.#source === null ? null : placeOf(this.#source, path);
    this.problems.push({
      code,
      severity,
      path,
      message,
      object: this.#object,
      ...(this.#source === null || place === null ? {} : { file: this.#source.file, line: place[0], column: place[1] }),
    });
  }
}
