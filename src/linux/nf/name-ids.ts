/** Names behind small integers, so that no text is compared on a packet's way. Append-only; 0 is none. */
export class NameIds {
  private readonly ids: Map<string, number> = new Map();
  private names: string[] = [""];

  /** The id of a name, a new one if it was never met. */
  of(name: string): number {
    const known = this.ids.get(name);
    if (known !== undefined) return known;
    const id = this.names.length;
    this.names.push(name);
    this.ids.set(name, id);
    return id;
  }

  /** The id, or 0 if the name was never met. */
  find(name: string): number {
    return this.ids.get(name) ?? 0;
  }

  /** The name of an id, empty for 0. */
  name(id: number): string {
    return this.names[id] ?? "";
  }

  /** What it holds, as plain data. */
  save(): readonly string[] {
    return this.names.slice();
  }

  /** Takes on a saved state. */
  restore(names: readonly string[]): void {
    this.names = names.slice();
    this.ids.clear();
    for (let id = 1; id < names.length; id++) this.ids.set(names[id]!, id);
  }
}
