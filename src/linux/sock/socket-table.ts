import type { Digest } from "../../base/hash.js";
import { Table, type TableState } from "../../engine/table.js";

/** Sockets of all namespaces: state only. */
export class SocketTable {
  readonly rows: Table<{ readonly ns: "i32" }> = new Table({ ns: "i32" });

  save(): TableState {
    return this.rows.save();
  }

  restore(state: TableState): void {
    this.rows.restore(state);
  }

  fold(digest: Digest): void {
    digest.i32(this.rows.count);
  }
}
