/**
 * Every address of a world once, behind one small integer. Two handles are equal exactly when the addresses are; masks and
 * prefix tries read the words; order and fingerprints must use the words, never the handle.
 */
import { mix32 } from "./hash.js";
import { formatIPv4, formatIPv6, parseIPv4, parseIPv6 } from "./ip.js";

/** Handle of an address, 1 or more; 0 is "none". */
export type Addr = number;

/** A saved `AddressBook`. */
export interface AddressBookState {
  readonly count: number;
  readonly family: Uint8Array;
  readonly words: Int32Array;
}

/** Append-only. `family` and `words` are replaced when the book grows: do not keep them over an adding call. */
export class AddressBook {
  /** Addresses known; handles run from 1 to `count`. */
  count = 0;
  /** 4 or 6 by handle. */
  family: Uint8Array = new Uint8Array(16);
  /** Four int32 by handle, network order; an IPv4 address is the first, the others 0. */
  words: Int32Array = new Int32Array(64);
  private slots = new Int32Array(32);
  private readonly parsed = new Int32Array(4);

  /** Handle of an IPv4 address, given as one word. */
  v4(word: number): Addr {
    return this.intern(4, word | 0, 0, 0, 0);
  }

  /** Handle of an IPv6 address, given as four words. */
  v6(w0: number, w1: number, w2: number, w3: number): Addr {
    return this.intern(6, w0 | 0, w1 | 0, w2 | 0, w3 | 0);
  }

  /** Handle of an address in strict text (see ip.ts), 0 if it is none. */
  ofText(text: string): Addr {
    const word = parseIPv4(text);
    if (word !== null) return this.v4(word);
    const { parsed } = this;
    return parseIPv6(text, parsed) ? this.v6(parsed[0]!, parsed[1]!, parsed[2]!, parsed[3]!) : 0;
  }

  /** Canonical text, RFC 5952 for IPv6; empty for 0. */
  text(addr: Addr): string {
    if (addr === 0) return "";
    return this.family[addr] === 4 ? formatIPv4(this.words[addr * 4]!) : formatIPv6(this.words, addr * 4);
  }

  /** The IPv4 word. */
  word(addr: Addr): number {
    return this.words[addr * 4]!;
  }

  /** Whether an address is IPv4. */
  is4(addr: Addr): boolean {
    return this.family[addr] === 4;
  }

  /** Negative, 0 or positive: IPv4 before IPv6, then by unsigned words. */
  compare(a: Addr, b: Addr): number {
    const families = this.family[a]! - this.family[b]!;
    if (families !== 0) return families;
    for (let i = 0; i < 4; i++) {
      const difference = (this.words[a * 4 + i]! >>> 0) - (this.words[b * 4 + i]! >>> 0);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** What it holds, as plain data. */
  save(): AddressBookState {
    return { count: this.count, family: this.family.slice(0, this.count + 1), words: this.words.slice(0, this.count * 4 + 4) };
  }

  /** Takes on a saved state. */
  restore(state: AddressBookState): void {
    let capacity = this.family.length;
    while (capacity < state.count + 1) capacity *= 2;
    this.count = state.count;
    this.family = new Uint8Array(capacity);
    this.family.set(state.family);
    this.words = new Int32Array(capacity * 4);
    this.words.set(state.words);
    this.rehash(capacity * 2);
  }

  private intern(family: number, w0: number, w1: number, w2: number, w3: number): Addr {
    const { slots, words } = this;
    const mask = slots.length - 1;
    let slot = hashOf(family, w0, w1, w2, w3) & mask;
    for (;;) {
      const known = slots[slot]!;
      if (known === 0) break;
      const at = known * 4;
      if (words[at] === w0 && words[at + 1] === w1 && words[at + 2] === w2 && words[at + 3] === w3 && this.family[known] === family) return known;
      slot = (slot + 1) & mask;
    }
    if (this.count + 1 === this.family.length) {
      this.grow();
      return this.intern(family, w0, w1, w2, w3);
    }
    const addr = ++this.count;
    slots[slot] = addr;
    this.family[addr] = family;
    const at = addr * 4;
    this.words[at] = w0;
    this.words[at + 1] = w1;
    this.words[at + 2] = w2;
    this.words[at + 3] = w3;
    return addr;
  }

  private grow(): void {
    const capacity = this.family.length * 2;
    const family = new Uint8Array(capacity);
    family.set(this.family);
    const words = new Int32Array(capacity * 4);
    words.set(this.words);
    this.family = family;
    this.words = words;
    this.rehash(capacity * 2);
  }

  private rehash(size: number): void {
    const slots = new Int32Array(size);
    const { words } = this;
    for (let addr = 1; addr <= this.count; addr++) {
      const at = addr * 4;
      let slot = hashOf(this.family[addr]!, words[at]!, words[at + 1]!, words[at + 2]!, words[at + 3]!) & (size - 1);
      while (slots[slot] !== 0) slot = (slot + 1) & (size - 1);
      slots[slot] = addr;
    }
    this.slots = slots;
  }
}

function hashOf(family: number, w0: number, w1: number, w2: number, w3: number): number {
  return family === 4 ? mix32(w0, 4) : mix32(mix32(w0, w1), mix32(w2, w3));
}
