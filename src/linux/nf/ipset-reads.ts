/** What of a set's options its elements are read by. */
interface SetKind {
  readonly type: number;
  readonly family: number;
  readonly netmask: number;
  readonly timeout: number;
}

/** What is said of an element beside its words. */
interface Wording {
  readonly nomatch: boolean;
  readonly comment: string;
  readonly cause: number;
}

/** Elements that are remembered at most. */
const MOST = 262_144;

/**
 * What the words of elements were read as: sets of the same words on many nodes hold the same records. A cache, for sets of
 * addresses whose elements stay until somebody takes them out.
 */
export class EntryReads<E> {
  private readonly known = new Map<string, Map<string, readonly E[]>>();
  private count = 0;

  /** The elements of a text; `read` makes those that are not known. */
  of(text: string, { type, family, netmask, timeout }: SetKind, more: Wording, read: () => readonly E[]): readonly E[] {
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
