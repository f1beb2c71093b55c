/*
 * Ends of connections by number: each pod (a second number for its other address family), each node that
 * is asked for, each class of outside addresses. The number is stable while the thing exists; numbers of
 * outside addresses hold until the next change of the set.
 */
import type { PodRecord } from "../model.js";
import { Ints } from "./ints.js";

export class Ends {
  /** Identity; its complement for ends that need a second look: nodes, host pods, absent pods. */
  readonly identity: Ints = new Ints();
  /** Number of the node that it stands for; 0 for none, or an unknown one. */
  readonly node: Ints = new Ints();
  /** Number of the node that it runs on; 0 when unknown. */
  readonly runsOn: Ints = new Ints();
  readonly pods: (PodRecord | null)[] = [];
  readonly kinds: ("pod" | "node" | "external" | "free")[] = [];
  readonly #free: number[] = [];
  readonly #nodeNumbers = new Map<string, number>([["", 0]]);
  readonly nodeNames: string[] = [""];

  get count(): number {
    return this.kinds.length;
  }

  add(kind: "pod" | "node" | "external", pod: PodRecord | null): number {
    const end = this.#free.pop() ?? this.kinds.length;
    this.kinds[end] = kind;
    this.pods[end] = pod;
    for (const column of [this.identity, this.node, this.runsOn]) if (column.length <= end) column.extend(end + 1);
    this.node.data[end] = 0;
    this.runsOn.data[end] = 0;
    return end;
  }

  remove(end: number): void {
    this.kinds[end] = "free";
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
    return this.identity.bytes + this.node.bytes + this.runsOn.bytes + 16 * this.count;
  }
}
