/** The words and marks of an nft script, with their places; a newline and a `;` end a statement. */
export interface ScriptToken {
  readonly text: string;
  /** line and column, counted from 1 */
  readonly line: number;
  readonly column: number;
}

const MARKS = /[ \t\r]*(?:#[^\n]*)?(\\\n|\n|"[^"\n]*"|\{|\}|,|;|==|!=|<=|>=|<|>|=|&|\||\^|\(|\)|@[\w./-]+|:(?=\s|\d)|[^\s{}(),;"<>=!&|^]+|.)/y;

export function scriptTokens(script: string): ScriptToken[] {
  const tokens: ScriptToken[] = [];
  let line = 1;
  let lineStart = 0;
  MARKS.lastIndex = 0;
  for (let found = MARKS.exec(script); found !== null; found = MARKS.exec(script)) {
    const text = found[1]!;
    const column = MARKS.lastIndex - text.length - lineStart + 1;
    if (text !== "\\\n") tokens.push({ text, line, column });
    if (text.endsWith("\n")) {
      line++;
      lineStart = MARKS.lastIndex;
    }
  }
  return tokens;
}
