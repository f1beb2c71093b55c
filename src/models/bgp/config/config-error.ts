/** What is wrong with a configuration, and where: `LINE:COLUMN MESSAGE` behind the file's name. */
export class ConfigError extends Error {
  constructor(
    readonly line: number,
    readonly column: number,
    readonly words: string,
  ) {
    super(`${line}:${column} ${words}`);
  }
}
