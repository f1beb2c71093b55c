import { Ended } from "./output.js";

/** The words of a command, taken one after the other. */
export class WordReader {
  private at = 0;

  constructor(private readonly words: readonly string[]) {}

  get done(): boolean {
    return this.at >= this.words.length;
  }

  peek(): string | undefined {
    return this.words[this.at];
  }

  /** The next word; only where `done` is false. */
  take(): string {
    return this.words[this.at++]!;
  }

  /** The word behind `option`, whose absence ends the command as iproute2 does (NEXT_ARG). */
  argument(): string {
    if (this.done) throw new Ended(255, "Command line is not complete. Try option \"help\"");
    return this.take();
  }

  /** Takes the next word if it is one of these. */
  takeIf(...wanted: readonly string[]): boolean {
    const next = this.peek();
    if (next === undefined || !wanted.includes(next)) return false;
    this.at++;
    return true;
  }

  rest(): string[] {
    const rest = this.words.slice(this.at);
    this.at = this.words.length;
    return rest;
  }
}
