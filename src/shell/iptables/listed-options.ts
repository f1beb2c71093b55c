/** The words of one extension of a rule, apart. */

/** Words of one extension: its options in order, each with its values and whether it was turned round. */
export interface Option {
  readonly name: string;
  readonly values: readonly string[];
  readonly not: boolean;
}

/** Splits `--a 1 ! --b 2 3` into options. */
export function optionsOf(words: readonly string[]): Option[] {
  const options: { name: string; values: string[]; not: boolean }[] = [];
  let not = false;
  for (const word of words) {
    if (word === "!") not = true;
    else if (word.startsWith("--")) {
      options.push({ name: word.slice(2), values: [], not });
      not = false;
    } else options.at(-1)?.values.push(word);
  }
  return options;
}
