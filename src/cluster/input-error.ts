/** The caller's input is wrong: every problem at once. Tell it by `kind`, not by `instanceof`: a program may hold two copies of podwire. */
import { formatProblem, type Problem } from "../base/problem.js";

/** Thrown where wrong input cannot be answered by a value; `problems` are what the command line prints. */
export class InputError extends Error {
  readonly kind = "InputError";
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.name = "InputError";
    this.problems = Object.freeze([...problems]);
  }
}

/** Whether an error is podwire's word on wrong input. */
export function isInputError(error: unknown): error is InputError {
  return typeof error === "object" && error !== null && (error as { kind?: unknown }).kind === "InputError";
}

/** One problem as an error to throw. */
export function inputError(code: string, path: string, message: string, fix?: string): InputError {
  return new InputError([Object.freeze({ code, severity: "error", path, message, ...(fix === undefined ? {} : { fix }) })]);
}
