/** What a command printed, standard error included, and its exit code. */
export interface Output {
  readonly text: string;
  readonly code: number;
  /** something real that podwire does not simulate; `text` says what */
  readonly notModelled?: boolean;
}

const DONE: Output = Object.freeze({ text: "", code: 0 });

/** Success, with what was printed. */
export function said(text: string): Output {
  return text === "" ? DONE : { text, code: 0 };
}

export function failed(code: number, text: string): Output {
  return { text, code };
}

/** Thrown inside a command where going on would lie; `Shell.run` makes it an `Output`. */
export class NotModelled extends Error {
  override readonly name = "NotModelled";

  constructor(readonly what: string) {
    super(`${what}: not modelled`);
  }
}

/** Thrown inside a command that the tool itself ends at once, with its words. */
export class Ended extends Error {
  override readonly name = "Ended";

  constructor(
    readonly code: number,
    readonly text: string,
  ) {
    super(text);
  }
}
