/*
 * Which policies are in force at an identity in one direction, as one number: a node of a trie whose edges
 * are policies. Identities under the same policies share the number and so the rows. An edge may also be
 * the subject's own named ports, where an ingress rule asks for a port by name.
 */
import { Ints } from "./ints.js";

/** Edges from here on are own-port lists, not policies. */
const ownPortsBase = 0x4000000;

export class Programs {
  readonly #parent = new Ints();
  readonly #edge = new Ints();
  readonly #next = new Map<number, number>();

  constructor() {
    this.#parent.push(-1);
    this.#edge.push(-1);
  }

  get count(): number {
    return this.#parent.length;
  }

  /** The program with one more policy. */
  with(program: number, policy: number): number {
    return this.#step(program, policy);
  }

  /** The program of a subject that resolves port names by this list; once is enough. */
  withOwnPorts(program: number, ownPorts: number): number {
    return this.ownPorts(program) >= 0 ? program : this.#step(program, ownPortsBase + ownPorts);
  }

  /** Policies in the order in which they were added. */
  policies(program: number): number[] {
    const list: number[] = [];
    for (let at = program; at > 0; at = this.#parent.data[at]!) if (this.#edge.data[at]! < ownPortsBase) list.push(this.#edge.data[at]!);
    return list.reverse();
  }

  /** The own-port list; -1 when none was asked for. */
  ownPorts(program: number): number {
    for (let at = program; at > 0; at = this.#parent.data[at]!) if (this.#edge.data[at]! >= ownPortsBase) return this.#edge.data[at]! - ownPortsBase;
    return -1;
  }

  get bytes(): number {
    return this.#parent.bytes + this.#edge.bytes + 32 * this.#next.size;
  }

  #step(program: number, edge: number): number {
    const key = program * 0x8000000 + edge;
    let next = this.#next.get(key);
    if (next === undefined) {
      next = this.#parent.push(program);
      this.#edge.push(edge);
      this.#next.set(key, next);
    }
    return next;
  }
}
