/**
 * Splits a rule's text as iptables-restore does: blanks part words, double quotes keep them, and only inside quotes a
 * backslash takes the next character as it is. Null: a quote is left open.
 */
export function splitWords(text: string): string[] | null {
  const words: string[] = [];
  let word = "";
  let open = false;
  let begun = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (open) {
      if (c === "\\" && i + 1 < text.length) word += text[++i]!;
      else if (c === '"') open = false;
      else word += c;
    } else if (c === '"') {
      open = true;
      begun = true;
    } else if (c === " " || c === "\t" || c === "\n") {
      if (begun) words.push(word);
      word = "";
      begun = false;
    } else {
      word += c;
      begun = true;
    }
  }
  if (open) return null;
  if (begun) words.push(word);
  return words;
}
