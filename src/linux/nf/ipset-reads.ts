import type { SetEntry, SetOptions } from "./ipset-table.js";

/** Elements that are remembered at most. */
const MOST = 262_144;

/**
 * What the words of elements were read as: sets of the same words on many nodes hold the same records. A cache, for sets of
 * addresses whose elements stay until somebody takes them out.
 */
export class EntryReads {
  private readonly known = new Map<string, Map<string, readonly SetEntry[]>>();
  private count = 0;

  /** The elements of a text; `read` makes those that are not known. */
  of(text: string, { type, family, netmask, timeout }: SetOptions, more: Pick<SetEntry, "nomatch" | "comment" | "cause">, read: () => readonly SetEntry[]): readonly SetEntry[] {
    if (family === 0 || timeout >= 0 || more.comment !== "") return read();
    const kind = `${type} ${family} ${netmask} ${more.nomatch} ${more.cause}`;
    const known = this.known.get(kind)?.get(text);
    if (known !== undefined) return known;
    const made = read();
    if (this.count >= MOST) this.drop();
    this.count++;
    const others = this.known.get(kind);
    if (others === undefined) this.known.set(kind, new Map([[text, made]]));
    else others.set(text, made);
    return made;
  }

  drop(): void {
    this.known.clear();
    this.count = 0;
  }
}
