/** Splits a command line into words as sh does: quotes, backslashes, `#` comments; nothing is expanded. */

/** The words, or null where a quote is not closed. */
export function splitWords(line: string): string[] | null {
  const words: string[] = [];
  let word = "";
  let begun = false;
  const end = (): void => {
    if (begun) words.push(word);
    word = "";
    begun = false;
  };
  for (let i = 0; i < line.length; i++) {
    const ch = line[i]!;
    if (ch === "#") break;
    if (/\s/.test(ch)) {
      end();
      continue;
    }
    begun = true;
    if (ch === "\\") {
      if (++i >= line.length) return null;
      word += line[i]!;
    } else if (ch === "'") {
      const close = line.indexOf("'", i + 1);
      if (close < 0) return null;
      word += line.slice(i + 1, close);
      i = close;
    } else if (ch === '"') {
      const close = readDouble(line, i + 1);
      if (close === null) return null;
      word += close.text;
      i = close.at;
    } else word += ch;
  }
  end();
  return words;
}

/** The text of a double-quoted part, and where its closing quote stands. */
function readDouble(line: string, from: number): { readonly text: string; readonly at: number } | null {
  let text = "";
  for (let i = from; i < line.length; i++) {
    const ch = line[i]!;
    if (ch === '"') return { text, at: i };
    if (ch === "\\" && i + 1 < line.length && (line[i + 1] === '"' || line[i + 1] === "\\")) i++;
    text += line[i]!;
  }
  return null;
}
