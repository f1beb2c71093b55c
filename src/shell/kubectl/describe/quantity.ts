/** Resource amounts as `describe node` adds them up. Read first: apimachinery pkg/api/resource/quantity.go. */

/** An amount in thousandths, and whether it was written in powers of 1024. */
export interface Amount {
  readonly milli: number;
  readonly binary: boolean;
}

const DECIMAL: readonly (readonly [string, number])[] = [["E", 1e18], ["P", 1e15], ["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]];
const BINARY: readonly (readonly [string, number])[] = [["Ei", 2 ** 60], ["Pi", 2 ** 50], ["Ti", 2 ** 40], ["Gi", 2 ** 30], ["Mi", 2 ** 20], ["Ki", 2 ** 10]];

export const ZERO: Amount = Object.freeze({ milli: 0, binary: false });

/** An amount from its text; zero where it is none. */
export function parseAmount(text: string | undefined): Amount {
  const parts = text === undefined ? null : /^([-+]?[0-9.]+(?:[eE][-+]?\d+)?)([a-zA-Z]*)$/.exec(text);
  if (parts === null) return ZERO;
  const [, digits = "", suffix = ""] = parts;
  const binary = BINARY.find(([name]) => name === suffix);
  const factor = suffix === "m" ? 0.001 : (binary ?? DECIMAL.find(([name]) => name === suffix))?.[1] ?? 1;
  return { milli: Math.ceil(Number(digits) * factor * 1000), binary: binary !== undefined };
}

export function addAmounts(a: Amount, b: Amount): Amount {
  return { milli: a.milli + b.milli, binary: a.milli === 0 ? b.binary : a.binary };
}

/** The canonical text: the largest unit that leaves a whole number. */
export function amountText({ milli, binary }: Amount): string {
  if (milli % 1000 !== 0) return `${milli}m`;
  const value = milli / 1000;
  const unit = value === 0 ? undefined : (binary ? BINARY : DECIMAL).find(([, size]) => value % size === 0);
  return unit === undefined ? String(value) : `${value / unit[1]}${unit[0]}`;
}
