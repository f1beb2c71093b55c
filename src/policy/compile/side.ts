/*
 * One direction of the matcher: the program of each identity, and for each port class that was asked for
 * the row of each program, built when first looked at.
 */
import type { Direction, Tier } from "../rules.js";
import { byPrecedence } from "../read-policies.js";
import type { PodPort } from "../input.js";
import type { CompiledPolicy, CompiledRule } from "./compiled-policy.js";
import { Ints } from "./ints.js";
import type { PortClasses } from "./port-classes.js";
import { Programs } from "./programs.js";
import { actionNumbers, type Rows } from "./rows.js";
import type { Terms } from "./terms.js";

const unbuilt = -1;
const noPorts: readonly PodPort[] = Object.freeze([]);

export class Side {
  /** By identity. */
  readonly program: Ints = new Ints();
  /** By port class, then program: first word of the row, or -1. */
  refs: (Int32Array | null)[] = [];
  programs: Programs = new Programs();
  readonly #direction: Direction;
  readonly #policies: readonly (CompiledPolicy | null)[];
  readonly #ownPorts: readonly (readonly PodPort[])[];
  readonly #sets: Terms;
  /** Terms of the rule or policies in hand. */
  readonly #terms = new Ints(64);
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
    this.#sets = terms;
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

  /** Forgets all programs; `count` identities stand under no policy. */
  restart(count: number): void {
    this.programs = new Programs();
    this.refs = [];
    if (this.program.length < count) this.program.extend(count);
    this.program.data.fill(0);
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
    const serials = this.programs.policies(program);
    const own = this.programs.ownPorts(program);
    const named = own < 0 ? noPorts : this.#ownPorts[own]!;
    const apart = portClass !== 0 && portClass === this.#ports.otherClass;
    let isolated = 0;
    let others = 0;
    this.#terms.length = 0;
    for (const serial of serials) {
      const each = this.#policies[serial]!;
      if (each.policy.tier !== "namespace") others++;
      else if (!apart) {
        isolated = 1;
        for (const rule of each[this.#direction]!) this.#addTerms(rule, portClass, named);
      }
    }
    code.push(isolated);
    this.#writeTerms(code);
    if (others > 0) this.#writeTier("admin", serials, portClass, named, code);
    code.push(-1);
    if (others > 0) this.#writeTier("baseline", serials, portClass, named, code);
    code.push(-1);
  }

  #writeTier(tier: Tier, serials: readonly number[], portClass: number, named: readonly PodPort[], code: Ints): void {
    const policies = serials.map((serial) => this.#policies[serial]!).filter((each) => each.policy.tier === tier);
    for (const each of policies.sort((a, b) => byPrecedence(a.policy, b.policy))) {
      for (const rule of each[this.#direction]!) {
        this.#terms.length = 0;
        this.#addTerms(rule, portClass, named);
        if (this.#terms.length === 0) continue;
        code.push(actionNumbers[rule.action]);
        this.#writeTerms(code);
      }
    }
  }

  /** The peers of a rule that count in a port class; none when its ports do not. */
  #addTerms(rule: CompiledRule, portClass: number, own: readonly PodPort[]): void {
    if (rule.entries === null || this.#ports.coversAny(portClass, rule.entries)) {
      for (const term of rule.terms) this.#terms.push(term);
      return;
    }
    for (const { name, protocol } of rule.names) {
      const filter = { name, protocol, portClass };
      if (this.#direction === "egress") for (const term of rule.terms) this.#terms.push(this.#sets.named(term, filter));
      else if (this.#sets.resolves(own, filter)) for (const term of rule.terms) this.#terms.push(term);
    }
  }

  /** Sorted, each once. */
  #writeTerms(code: Ints): void {
    const terms = this.#terms.data.subarray(0, this.#terms.length).sort((a, b) => a - b);
    const count = code.push(0);
    for (let i = 0; i < terms.length; i++) if (i === 0 || terms[i - 1] !== terms[i]) code.push(terms[i]!);
    code.data[count] = code.length - count - 1;
  }
}
