/*
 * One direction of the matcher: the program of each identity, and for each port class that was asked for
 * the row of each program, built when first looked at.
 */
import type { Direction } from "../rules.js";
import { byPrecedence } from "../read-policies.js";
import type { PodPort } from "../input.js";
import type { CompiledPolicy, CompiledRule } from "./compiled-policy.js";
import { Ints } from "./ints.js";
import type { PortClasses } from "./port-classes.js";
import { Programs } from "./programs.js";
import { actionNumbers, type Rows } from "./rows.js";
import type { Terms } from "./terms.js";

const unbuilt = -1;

export class Side {
  /** By identity. */
  readonly program: Ints = new Ints();
  /** By port class, then program: first word of the row, or -1. */
  refs: (Int32Array | null)[] = [];
  programs: Programs = new Programs();
  readonly #direction: Direction;
  readonly #policies: readonly (CompiledPolicy | null)[];
  readonly #ownPorts: readonly (readonly PodPort[])[];
  readonly #terms: Terms;
  readonly #ports: PortClasses;

  constructor(
    direction: Direction,
    policies: readonly (CompiledPolicy | null)[],
    ownPorts: readonly (readonly PodPort[])[],
    terms: Terms,
    ports: PortClasses,
  ) {
    this.#direction = direction;
    this.#policies = policies;
    this.#ownPorts = ownPorts;
    this.#terms = terms;
    this.#ports = ports;
  }

  /** Puts one more policy over an identity. */
  add(identity: number, policy: number, ownPorts: () => number): void {
    const compiled = this.#policies[policy]!;
    if (compiled[this.#direction] === null) return;
    let program = this.programs.with(this.program.data[identity]!, policy);
    if (this.#direction === "ingress" && compiled.namesIngress) program = this.programs.withOwnPorts(program, ownPorts());
    this.program.data[identity] = program;
  }

  /** First word of the row of a program in a port class. */
  row(program: number, portClass: number, rows: Rows): number {
    const refs = (this.refs[portClass] ??= new Int32Array(this.programs.count).fill(unbuilt));
    let row = refs[program]!;
    if (row === unbuilt) {
      this.#writeCode(program, portClass, rows.begin());
      row = rows.find();
      refs[program] = row;
    }
    return row;
  }

  /** Gives programs that came since a place in every table of rows. */
  widen(): void {
    this.refs.forEach((refs, portClass) => {
      if (refs === null || refs.length >= this.programs.count) return;
      const wider = new Int32Array(this.programs.count + (this.programs.count >> 3)).fill(unbuilt);
      wider.set(refs);
      this.refs[portClass] = wider;
    });
  }

  get bytes(): number {
    return this.refs.reduce((sum, each) => sum + (each?.byteLength ?? 0), this.program.bytes + this.programs.bytes);
  }

  #writeCode(program: number, portClass: number, code: Ints): void {
    const policies = this.programs.policies(program).map((each) => this.#policies[each]!);
    const own = this.programs.ownPorts(program);
    const named = own < 0 ? [] : this.#ownPorts[own]!;
    const apart = portClass !== 0 && portClass === this.#ports.otherClass;
    const isolating = apart ? [] : policies.filter((each) => each.policy.tier === "namespace");
    const union = isolating.flatMap((each) => (each[this.#direction] ?? []).flatMap((rule) => this.#termsOf(rule, portClass, named)));
    code.push(isolating.length > 0 ? 1 : 0);
    this.#writeTerms(union.sort((a, b) => a - b), code);
    for (const tier of ["admin", "baseline"] as const) {
      const ordered = policies.filter((each) => each.policy.tier === tier).sort((a, b) => byPrecedence(a.policy, b.policy));
      for (const each of ordered) {
        for (const rule of each[this.#direction] ?? []) {
          const terms = this.#termsOf(rule, portClass, named);
          if (terms.length === 0) continue;
          code.push(actionNumbers[rule.action]);
          this.#writeTerms([...terms].sort((a, b) => a - b), code);
        }
      }
      code.push(-1);
    }
  }

  /** The peers of a rule that count in a port class; none when its ports do not. */
  #termsOf(rule: CompiledRule, portClass: number, own: readonly PodPort[]): readonly number[] {
    if (rule.entries === null || rule.entries.some((entry) => this.#ports.covers(portClass, entry))) return rule.terms;
    if (rule.names.length === 0) return [];
    const filters = rule.names.map(({ name, protocol }) => ({ name, protocol, portClass }));
    if (this.#direction === "ingress") return filters.some((filter) => this.#terms.resolves(own, filter)) ? rule.terms : [];
    return filters.flatMap((filter) => rule.terms.map((term) => this.#terms.named(term, filter)));
  }

  #writeTerms(sorted: readonly number[], code: Ints): void {
    const distinct = sorted.filter((term, i) => i === 0 || sorted[i - 1] !== term);
    code.push(distinct.length);
    for (const term of distinct) code.push(term);
  }
}
