const isLetter = (char: string): boolean => /\p{L}/u.test(char);
const isDigit = (char: string | undefined): boolean => char !== undefined && /\p{Nd}/u.test(char);

/** Order of keys in printed YAML: numbers inside names by value, other characters before letters (goyaml.v2 sorter.go). */
export function compareKeys(left: string, right: string): number {
  const a = [...left];
  const b = [...right];
  for (let i = 0; i < a.length && i < b.length; i++) {
    const x = a[i]!;
    const y = b[i]!;
    if (x === y) continue;
    const letters = [isLetter(x), isLetter(y)] as const;
    if (letters[0] && letters[1]) return byCode(x, y);
    if (letters[0] || letters[1]) return letters[1] ? -1 : 1;
    return byNumber(a, b, i);
  }
  return a.length - b.length;
}

function byCode(x: string, y: string): number {
  return x.codePointAt(0)! - y.codePointAt(0)!;
}

function byNumber(a: readonly string[], b: readonly string[], at: number): number {
  let head = 0;
  if (a[at] === "0" || b[at] === "0") {
    for (let j = at - 1; j >= 0 && isDigit(a[j]); j--) if (a[j] !== "0") head = 1;
  }
  const x = numberAt(a, at, head);
  const y = numberAt(b, at, head);
  return x.value - y.value || x.end - y.end || byCode(a[at]!, b[at]!);
}

function numberAt(text: readonly string[], at: number, head: number): { readonly value: number; readonly end: number } {
  let value = head;
  let end = at;
  for (; isDigit(text[end]); end++) value = value * 10 + Number(text[end]);
  return { value, end };
}
