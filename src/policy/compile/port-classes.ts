/*
 * All (protocol, port) pairs cut into classes that no policy can tell apart. A class is the set of port
 * entries that cover it; its number never changes, so rows built for it stay good when entries come.
 * Class 0 is covered by no entry. Lookup is a table of pages of 256 ports, equal pages shared.
 */
export const protocolNumbers: Readonly<Record<string, number>> = Object.freeze({ TCP: 0, UDP: 1, SCTP: 2 });
/** Every protocol but TCP, UDP and SCTP. */
export const otherProtocol = 3;

export class PortClasses {
  /** By `protocol << 8 | port >> 8`. */
  readonly pageOf: Int32Array = new Int32Array(4 * 256);
  pages: Uint16Array = new Uint16Array(256);
  readonly #byKey = new Map<number, number>();
  readonly #first: number[] = [];
  readonly #last: number[] = [];
  readonly #protocol: number[] = [];
  readonly #classes = new Map<string, number>([["", 0]]);
  readonly #covers: (readonly number[])[] = [[]];
  readonly #otherClass: number;
  #dirty = false;

  /** `apart`: other protocols are a class of their own, 1, although no entry covers them. */
  constructor(apart: boolean) {
    this.#otherClass = apart ? 1 : 0;
    if (!apart) return;
    this.#classes.set("other", 1);
    this.#covers.push([]);
    this.pages = new Uint16Array(512).fill(1, 256);
    this.pageOf.fill(1, otherProtocol << 8);
  }

  get count(): number {
    return this.#covers.length;
  }

  /** The class of other protocols when it is apart from class 0, else 0. */
  get otherClass(): number {
    return this.#otherClass;
  }

  /** Number of the entry for a range; a new one takes effect at the next `settle`. */
  entry(protocol: number, first: number, last: number): number {
    const key = (protocol * 65536 + first) * 65536 + last;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const entry = this.#first.length;
    this.#byKey.set(key, entry);
    this.#first.push(first);
    this.#last.push(last);
    this.#protocol.push(protocol);
    this.#dirty = true;
    return entry;
  }

  /** Whether one of some entries covers a class. */
  coversAny(portClass: number, entries: readonly number[]): boolean {
    const covering = this.#covers[portClass]!;
    for (let i = 0; i < entries.length; i++) if (covering.includes(entries[i]!)) return true;
    return false;
  }

  classOf(protocol: number, port: number): number {
    return this.pages[(this.pageOf[(protocol << 8) | (port >>> 8)]! << 8) | (port & 255)]!;
  }

  /** Cuts anew if entries came. */
  settle(): void {
    if (!this.#dirty) return;
    this.#dirty = false;
    const pages: Uint16Array[] = [];
    const uniform = new Map<number, number>();
    const uniformPage = (portClass: number): number => {
      let page = uniform.get(portClass);
      if (page === undefined) {
        page = pages.push(new Uint16Array(256).fill(portClass)) - 1;
        uniform.set(portClass, page);
      }
      return page;
    };
    this.pageOf.fill(uniformPage(this.#otherClass), otherProtocol << 8);
    for (let protocol = 0; protocol < otherProtocol; protocol++) {
      let mixed = -1;
      this.#cut(protocol, (portClass, first, last) => {
        for (let page = first >> 8; page <= last >> 8; page++) {
          const from = Math.max(first, page << 8);
          const to = Math.min(last, (page << 8) | 255);
          const at = (protocol << 8) | page;
          if (to - from === 255) this.pageOf[at] = uniformPage(portClass);
          else {
            if (mixed !== page) this.pageOf[at] = pages.push(new Uint16Array(256)) - 1;
            mixed = page;
            pages[this.pageOf[at]!]!.fill(portClass, from & 255, (to & 255) + 1);
          }
        }
      });
    }
    this.pages = new Uint16Array(pages.length << 8);
    for (let page = 0; page < pages.length; page++) this.pages.set(pages[page]!, page << 8);
  }

  /** The ranges of each class with at least one port of a protocol, in order of port from 1. */
  ranges(protocol: number): readonly { readonly portClass: number; readonly first: number; readonly last: number }[] {
    const ranges: { portClass: number; first: number; last: number }[] = [];
    for (let port = 1; port <= 65535; port++) {
      const portClass = this.classOf(protocol, port);
      const before = ranges.at(-1);
      if (before?.portClass === portClass) before.last = port;
      else ranges.push({ portClass, first: port, last: port });
    }
    return ranges;
  }

  /** The stretches of one class, from port 0 up. */
  #cut(protocol: number, found: (portClass: number, first: number, last: number) => void): void {
    const opening = new Map<number, number[]>();
    const closing = new Map<number, number[]>();
    const cuts = new Set<number>([0, 65536]);
    for (let entry = 0; entry < this.#first.length; entry++) {
      const first = this.#first[entry]!;
      const after = Math.min(this.#last[entry]!, 65535) + 1;
      if (this.#protocol[entry] !== protocol || after <= first) continue;
      cuts.add(first).add(after);
      append(opening, first, entry);
      append(closing, after, entry);
    }
    const sorted = [...cuts].sort((a, b) => a - b);
    const active = new Set<number>();
    for (let i = 0; i + 1 < sorted.length; i++) {
      const from = sorted[i]!;
      for (const entry of closing.get(from) ?? []) active.delete(entry);
      for (const entry of opening.get(from) ?? []) active.add(entry);
      found(this.#classFor([...active].sort((a, b) => a - b)), from, sorted[i + 1]! - 1);
    }
  }

  #classFor(entries: readonly number[]): number {
    const key = entries.join();
    let portClass = this.#classes.get(key);
    if (portClass === undefined) {
      portClass = this.#covers.push(entries) - 1;
      this.#classes.set(key, portClass);
    }
    return portClass;
  }
}

function append(map: Map<number, number[]>, key: number, value: number): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
