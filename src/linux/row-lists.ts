/** The two columns by which rows of a table are strung together. */
export interface RowLinks {
  readonly after: Int32Array;
  readonly before: Int32Array;
}

/**
 * The rows of each owner in a table, so that what belongs to one device is found without a look at all others. Derived: it is
 * built again from the table after a restore, and so gives rows in their own order, not in that of their adding.
 */
export class RowLists {
  private readonly heads = new Map<number, number>();

  add(links: RowLinks, owner: number, row: number): void {
    const head = this.heads.get(owner) ?? 0;
    links.after[row] = head;
    links.before[row] = 0;
    if (head !== 0) links.before[head] = row;
    this.heads.set(owner, row);
  }

  remove(links: RowLinks, owner: number, row: number): void {
    const after = links.after[row]!;
    const before = links.before[row]!;
    if (after !== 0) links.before[after] = before;
    if (before !== 0) links.after[before] = after;
    else if (after !== 0) this.heads.set(owner, after);
    else this.heads.delete(owner);
  }

  /** Rows of an owner, lowest first. */
  of(links: RowLinks, owner: number): number[] {
    const rows: number[] = [];
    for (let row = this.heads.get(owner) ?? 0; row !== 0; row = links.after[row]!) rows.push(row);
    return rows.sort((a, b) => a - b);
  }

  clear(): void {
    this.heads.clear();
  }
}
