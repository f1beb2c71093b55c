/** Why a thing stands in a kernel: the object and field it was written for, independent of the node it was written on. */
export interface Cause {
  /** `NetworkPolicy shop/default-deny`. */
  readonly object: string;
  /** Field path within it, `spec.ingress[0].from[1]`. */
  readonly path: string;
  /** What wrote it: `kube-proxy`, `flannel`, `kubelet` ... */
  readonly model: string;
  readonly file?: string;
  /** Counted from 1. */
  readonly line?: number;
}

/** A saved `CauseTable`. */
export type CauseTableState = readonly Cause[];

/** Causes by id, 1 or more; the same cause always has the same id, so that what is equal on many nodes is shared. */
export class CauseTable {
  private causes: Cause[] = [];
  private readonly ids = new Map<string, number>();

  /** Id of a cause; an equal one has the same id. */
  of(object: string, path: string, model: string, file?: string, line?: number): number {
    const key = [object, path, model, file ?? "", line ?? ""].join("\n");
    const known = this.ids.get(key);
    if (known !== undefined) return known;
    this.causes.push(Object.freeze({ object, path, model, ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) }));
    this.ids.set(key, this.causes.length);
    return this.causes.length;
  }

  /** The cause of an id, undefined for 0. */
  get(id: number): Cause | undefined {
    return this.causes[id - 1];
  }

  /** What it holds, as plain data. */
  save(): CauseTableState {
    return this.causes.slice();
  }

  /** Takes on a saved state. */
  restore(state: CauseTableState): void {
    this.causes = [];
    this.ids.clear();
    for (const { object, path, model, file, line } of state) this.of(object, path, model, file, line);
  }
}
