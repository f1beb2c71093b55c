/** The same program with `const` for top-level variables that are written once. */
export function tuned(code: string): string;
