/** A lab script's commands: one a line, `\` at the end continues, `#` comments, `<<EOF` feeds what follows. */
export interface LabCommand {
  /** line number, counted from 1 */
  readonly line: number;
  readonly text: string;
  readonly stdin: string | null;
}

export function readScript(script: string): LabCommand[] {
  const lines = script.split("\n");
  const commands: LabCommand[] = [];
  let i = 0;
  while (i < lines.length) {
    const line = i + 1;
    let text = lines[i++]!;
    while (text.endsWith("\\") && i < lines.length) text = text.slice(0, -1) + lines[i++]!.trimStart();
    if (text.trim() === "" || text.trimStart().startsWith("#")) continue;
    const fed = /\s*<<\s*'?(\w+)'?\s*$/.exec(text);
    if (fed === null) {
      commands.push({ line, text: text.trim(), stdin: null });
      continue;
    }
    const body: string[] = [];
    while (i < lines.length && lines[i] !== fed[1]) body.push(lines[i++]!);
    i++;
    commands.push({ line, text: text.slice(0, fed.index).trim(), stdin: `${body.join("\n")}\n` });
  }
  return commands;
}
