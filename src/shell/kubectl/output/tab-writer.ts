/**
 * Columns as Go's text/tabwriter makes them: a tab ends a cell, and a cell is aligned with those above and below it in the
 * unbroken run of lines that have one at that place. Widths count characters. Read first: text/tabwriter of Go, `format`.
 */
export class TabWriter {
  private text = "";
  private done = "";

  /** `minWidth` of a cell, its `padding` included or not, whichever is more. */
  constructor(
    private readonly minWidth: number,
    private readonly padding: number,
  ) {}

  write(text: string): void {
    this.text += text;
  }

  /** Ends all runs of lines: what follows is aligned on its own. */
  flush(): void {
    const lines = this.text.split("\n");
    const last = lines.pop()!;
    const cells = lines.map((line) => line.split("\t"));
    this.done += this.format(cells, 0, cells.length, []).join("") + last;
    this.text = "";
  }

  /** All that was written, aligned. */
  result(): string {
    this.flush();
    return this.done;
  }

  private format(lines: readonly (readonly string[])[], from: number, to: number, widths: readonly number[]): string[] {
    const out: string[] = [];
    const column = widths.length;
    let begun = from;
    for (let at = from; at < to; at++) {
      if (column >= lines[at]!.length - 1) continue;
      for (let i = begun; i < at; i++) out.push(padded(lines[i]!, widths));
      const start = at;
      let width = this.minWidth;
      for (; at < to && column < lines[at]!.length - 1; at++) width = Math.max(width, lengthOf(lines[at]![column]!) + this.padding);
      out.push(...this.format(lines, start, at, [...widths, width]));
      begun = at;
    }
    for (let i = begun; i < to; i++) out.push(padded(lines[i]!, widths));
    return out;
  }
}

function lengthOf(text: string): number {
  return [...text].length;
}

function padded(cells: readonly string[], widths: readonly number[]): string {
  return `${cells.map((cell, i) => (i < widths.length ? cell + " ".repeat(Math.max(0, widths[i]! - lengthOf(cell))) : cell)).join("")}\n`;
}
