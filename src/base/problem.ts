/** One fault in what a caller handed in, in the API server's words where it has words for it. */
export interface Problem {
  /** Stable word for programs, for example `invalid-value`. */
  readonly code: string;
  readonly severity: "error" | "warning" | "note";
  /** Kubernetes field path, `spec.ports[0].port`; empty when the whole file is meant. */
  readonly path: string;
  readonly message: string;
  /** `Service shop/web`. */
  readonly object?: string;
  readonly file?: string;
  /** Counted from 1. */
  readonly line?: number;
  /** Counted from 1. */
  readonly column?: number;
  /** What to write instead. */
  readonly fix?: string;
}

/** One line of text, `file:line:col: path: message`, without the parts that are not known. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(":");
  return [place, problem.path, problem.message].filter((part) => part !== "").join(": ");
}

/** Thrown when podwire breaks its own rule; carries what replays the fault. */
export class BrokenInvariant extends Error {
  override readonly name = "BrokenInvariant";
  readonly step: number;
  readonly seed: number;
  readonly detail: unknown;

  constructor(message: string, context: { readonly step: number; readonly seed: number; readonly detail: unknown }) {
    super(message);
    this.step = context.step;
    this.seed = context.seed;
    this.detail = context.detail;
  }
}
