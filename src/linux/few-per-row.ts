/**
 * A map for keys of which each row (a namespace) has a handful: the row's entries stand in a short list, found by index. About
 * three times as quick as a Map on a packet's way.
 */
export class FewPerRow<T> {
  private readonly keys: (number[] | undefined)[] = [];
  private readonly held: (T[] | undefined)[] = [];
  /** by row a bit for each key, modulo 32: most that is asked for is not there */
  private bits: Int32Array = new Int32Array(16);
  private readonly shift: number;
  private readonly mask: number;

  /** A key belongs to the row `key / keysPerRow`; a power of two. */
  constructor(keysPerRow: number) {
    this.shift = 31 - Math.clz32(keysPerRow);
    this.mask = Math.min(keysPerRow, 32) - 1;
  }

  /** The value of a key, undefined if there is none. */
  get(key: number): T | undefined {
    const row = key >> this.shift;
    if (row >= this.bits.length || (this.bits[row]! & (1 << (key & this.mask))) === 0) return undefined;
    const keys = this.keys[row]!;
    for (let i = 0; i < keys.length; i++) if (keys[i] === key) return this.held[row]![i];
    return undefined;
  }

  /** A bit for each key of the row that has a value, the row's first key at bit 0; for rows of up to 32 keys. */
  bitsOf(row: number): number {
    return row < this.bits.length ? this.bits[row]! : 0;
  }

  /** Whether a key has a value. */
  has(key: number): boolean {
    return this.get(key) !== undefined;
  }

  /** Gives a key its value. */
  set(key: number, value: T): void {
    const row = key >> this.shift;
    while (this.keys.length <= row) {
      this.keys.push(undefined);
      this.held.push(undefined);
    }
    if (row >= this.bits.length) {
      const wider = new Int32Array(row * 2);
      wider.set(this.bits);
      this.bits = wider;
    }
    this.bits[row]! |= 1 << (key & this.mask);
    const keys = (this.keys[row] ??= []);
    const held = (this.held[row] ??= []);
    const at = keys.indexOf(key);
    if (at >= 0) held[at] = value;
    else {
      keys.push(key);
      held.push(value);
    }
  }

  /** Takes a key out. */
  delete(key: number): void {
    const row = key >> this.shift;
    const at = this.keys[row]?.indexOf(key) ?? -1;
    if (at < 0) return;
    this.keys[row]!.splice(at, 1);
    this.held[row]!.splice(at, 1);
    this.bits[row] = 0;
    for (const left of this.keys[row]!) this.bits[row]! |= 1 << (left & this.mask);
  }

  /** Values by row, in a row in the order of setting. */
  values(): T[] {
    return this.held.flatMap((row) => row ?? []);
  }

  /** Takes all keys out. */
  clear(): void {
    this.keys.length = 0;
    this.held.length = 0;
    this.bits.fill(0);
  }
}
