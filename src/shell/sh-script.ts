/** `sh -c`: simple commands in a row, joined by `;`, newlines, `&&` and `||`. Pipes, redirections and expansions are not modelled. */

/** One command, and when it runs: always, or by how the one before ended. */
export interface ShCommand {
  readonly text: string;
  readonly when: "always" | "success" | "failure";
}

/** The commands of a script; null where it holds more than that. */
export function shCommands(script: string): ShCommand[] | null {
  const commands: ShCommand[] = [];
  let text = "";
  let when: ShCommand["when"] = "always";
  let quote = "";
  const end = (next: ShCommand["when"]): void => {
    if (text.trim() !== "") commands.push({ text: text.trim(), when });
    text = "";
    when = next;
  };
  for (let i = 0; i < script.length; i++) {
    const ch = script[i]!;
    if (quote !== "") {
      if (ch === quote) quote = "";
      text += ch;
    } else if (ch === "\\") text += ch + (script[++i] ?? "");
    else if (ch === "'" || ch === '"') text += quote = ch;
    else if (ch === ";" || ch === "\n") end("always");
    else if ((ch === "&" || ch === "|") && script[i + 1] === ch) {
      i++;
      end(ch === "&" ? "success" : "failure");
    } else if ("|&<>$`(){}".includes(ch)) {
      // What is thrown away changes nothing that is shown here.
      const thrown = /^(2>|&>|>)\s*\/dev\/null|^2>&1/.exec(script.slice(/\d$/.test(text) ? i - 1 : i));
      if (thrown === null || thrown[0].startsWith(">") || thrown[0].startsWith("&")) return null;
      text = text.replace(/2$/, "");
      i += thrown[0].length - 2;
    } else text += ch;
  }
  end("always");
  return quote === "" ? commands : null;
}
