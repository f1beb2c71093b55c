/**
 * Tables of typed columns: where all hot state of a world lives. A row is a positive integer, 0 means "none". A column is
 * one flat typed array, so that a checkpoint is a handful of copies and a row costs no object.
 *
 * Columns are REPLACED when a table grows: read `table.c.name` anew after every `alloc`, never keep an array over one.
 */
export type ColumnType = "i32" | "u8" | "u16" | "f64";
/** The columns of a table and their types. */
export type Schema = Readonly<Record<string, ColumnType>>;

/** The typed array behind each type of column. */
export interface ArrayOf {
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly f64: Float64Array;
}
/** The array of one column. */
export type Column = ArrayOf[ColumnType];
/** The arrays of a table, by column. */
export type Columns<S extends Schema> = { [K in keyof S]: ArrayOf[S[K]] };

/** What a table holds, as plain data: columns cut at `top`, rows from 0. */
export interface TableState {
  readonly top: number;
  readonly free: number;
  readonly count: number;
  readonly live: Uint8Array;
  readonly link: Int32Array;
  readonly columns: Readonly<Record<string, Column>>;
}

const SMALLEST = 8;
/** Tables of so many rows grow by half and no longer twofold. */
const LARGE = 1024;

function makeColumn(type: ColumnType, rows: number): Column {
  switch (type) {
    case "i32":
      return new Int32Array(rows);
    case "u8":
      return new Uint8Array(rows);
    case "u16":
      return new Uint16Array(rows);
    case "f64":
      return new Float64Array(rows);
  }
}

/** Rows of typed columns with a free list: the row released last is handed out first, so a run always gets the same rows. */
export class Table<S extends Schema> {
  readonly c: Columns<S>;
  /** 1 for each row in use. */
  live: Uint8Array;
  /** Rows in use. */
  count = 0;
  /** One more than the highest row ever handed out: the bound of a scan over rows. */
  top = 1;
  private free = 0;
  private link: Int32Array;
  private readonly schema: readonly (readonly [string, ColumnType])[];
  // The same arrays as in `c`, one list for each element type, so that the loop that zeroes a row stays monomorphic.
  private i32: Int32Array[] = [];
  private u8: Uint8Array[] = [];
  private u16: Uint16Array[] = [];
  private f64: Float64Array[] = [];

  constructor(schema: S, rows = SMALLEST) {
    this.schema = Object.entries(schema);
    const capacity = Math.max(rows, SMALLEST);
    this.live = new Uint8Array(capacity);
    this.link = new Int32Array(capacity);
    // Not one by one: an object that gets many properties by computed names becomes a dictionary in V8, and every read a search.
    this.c = Object.fromEntries(this.schema.map(([name, type]) => [name, makeColumn(type, capacity)])) as Columns<S>;
    this.sortColumns();
  }

  /** A row with every column 0. Columns may be replaced by this call. */
  alloc(): number {
    let row = this.free;
    if (row !== 0) {
      this.free = this.link[row]!;
    } else {
      row = this.top;
      if (row === this.live.length) this.resize(row < LARGE ? row * 2 : row + (row >> 1));
      this.top = row + 1;
    }
    this.live[row] = 1;
    this.count++;
    this.zero(row);
    return row;
  }

  /** Gives a row back; a row that is not in use is left alone. */
  release(row: number): void {
    if (this.live[row] !== 1) return;
    this.live[row] = 0;
    this.count--;
    this.link[row] = this.free;
    this.free = row;
  }

  /** Releases every row and forgets the order of the free list. */
  clear(): void {
    this.live.fill(0);
    this.count = 0;
    this.top = 1;
    this.free = 0;
  }

  /** What it holds, as plain data. */
  save(): TableState {
    const { top } = this;
    const columns: Record<string, Column> = {};
    for (const [name] of this.schema) columns[name] = (this.c as Record<string, Column>)[name]!.slice(0, top);
    return { top, free: this.free, count: this.count, live: this.live.slice(0, top), link: this.link.slice(0, top), columns };
  }

  /** Takes on a saved state; the state is copied and may be restored again. */
  restore(state: TableState): void {
    const { top } = state;
    if (top > this.live.length) this.resize(top, 0);
    this.live.fill(0);
    this.live.set(state.live);
    this.link.set(state.link);
    for (const [name] of this.schema) (this.c as Record<string, Column>)[name]!.set(state.columns[name]!);
    this.top = top;
    this.free = state.free;
    this.count = state.count;
  }

  private zero(row: number): void {
    const { i32, f64, u8, u16 } = this;
    for (let i = 0; i < i32.length; i++) i32[i]![row] = 0;
    for (let i = 0; i < f64.length; i++) f64[i]![row] = 0;
    for (let i = 0; i < u8.length; i++) u8[i]![row] = 0;
    for (let i = 0; i < u16.length; i++) u16[i]![row] = 0;
  }

  private resize(rows: number, keep: number = this.top): void {
    const live = new Uint8Array(rows);
    live.set(this.live.subarray(0, keep));
    this.live = live;
    const link = new Int32Array(rows);
    link.set(this.link.subarray(0, keep));
    this.link = link;
    const columns = this.c as Record<string, Column>;
    for (const [name, type] of this.schema) {
      const wider = makeColumn(type, rows);
      wider.set(columns[name]!.subarray(0, keep));
      columns[name] = wider;
    }
    this.sortColumns();
  }

  private sortColumns(): void {
    this.i32 = [];
    this.u8 = [];
    this.u16 = [];
    this.f64 = [];
    for (const [name] of this.schema) {
      const column = (this.c as Record<string, Column>)[name]!;
      if (column instanceof Int32Array) this.i32.push(column);
      else if (column instanceof Float64Array) this.f64.push(column);
      else if (column instanceof Uint8Array) this.u8.push(column);
      else this.u16.push(column);
    }
  }
}
