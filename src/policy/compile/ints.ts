/** A growing list of int32; `data` is replaced on growth. */
export class Ints {
  data: Int32Array;
  length = 0;

  constructor(capacity = 16) {
    this.data = new Int32Array(capacity);
  }

  push(value: number): number {
    const at = this.length++;
    if (at >= this.data.length) this.#grow(at + 1);
    this.data[at] = value;
    return at;
  }

  /** Sets the length, new places zero. */
  extend(length: number): void {
    if (length > this.data.length) this.#grow(length);
    this.length = length;
  }

  get bytes(): number {
    return this.data.byteLength;
  }

  #grow(least: number): void {
    const wider = new Int32Array(Math.max(least, (this.data.length * 5) >> 2) + 4);
    wider.set(this.data);
    this.data = wider;
  }
}
