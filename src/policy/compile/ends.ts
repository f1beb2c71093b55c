/*
 * Ends of connections by number: each pod (a second number for its other address family), each node that
 * is asked for, each class of outside addresses. The number is stable while the thing exists; numbers of
 * outside addresses hold until the next change of the set.
 */
import type { PodRecord } from "../model.js";
import { Ints } from "./ints.js";

export const endKinds = Object.freeze({ free: 0, pod: 1, node: 2, external: 3 } as const);
export type EndKind = (typeof endKinds)[keyof typeof endKinds];

export class Ends {
  /** Identity; its complement for ends that need a second look: nodes, host pods, absent pods. */
  readonly identity: Ints;
  /** Number of the node that it stands for; 0 for none, or an unknown one. */
  readonly node: Ints;
  /** Number of the node that it runs on; 0 when unknown. */
  readonly runsOn: Ints;
  /** {@link endKinds}. */
  readonly kind: Ints;
  /** null for what is no pod. */
  readonly pods: (PodRecord | null)[] = [];
  readonly #free: number[] = [];
  readonly #nodeNumbers = new Map<string, number>([["", 0]]);
  readonly nodeNames: string[] = [""];

  constructor(capacity: number) {
    this.identity = new Ints(capacity);
    this.node = new Ints(capacity);
    this.runsOn = new Ints(capacity);
    this.kind = new Ints(capacity);
  }

  get count(): number {
    return this.pods.length;
  }

  add(kind: EndKind, pod: PodRecord | null): number {
    const end = this.#free.pop() ?? this.pods.length;
    this.pods[end] = pod;
    if (end === this.kind.length) {
      this.identity.push(0);
      this.node.push(0);
      this.runsOn.push(0);
      this.kind.push(kind);
    } else {
      this.node.data[end] = 0;
      this.runsOn.data[end] = 0;
      this.kind.data[end] = kind;
    }
    return end;
  }

  remove(end: number): void {
    this.kind.data[end] = endKinds.free;
    this.pods[end] = null;
    this.#free.push(end);
  }

  nodeNumber(name: string): number {
    let number = this.#nodeNumbers.get(name);
    if (number === undefined) {
      number = this.nodeNames.push(name) - 1;
      this.#nodeNumbers.set(name, number);
    }
    return number;
  }

  get bytes(): number {
    return this.identity.bytes + this.node.bytes + this.runsOn.bytes + this.kind.bytes + 8 * this.count;
  }
}
