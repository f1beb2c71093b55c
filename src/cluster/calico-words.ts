/** Calico's options behind a colon, in the words of its own objects: "calico:encapsulation=IPIP,blockSize=27". */
import { type CalicoOptions, ENCAPSULATIONS } from "../models/cni/calico/calico-options.js";

interface Word {
  readonly may: string;
  takes(value: string): boolean;
}

const SWITCH: Word = { may: "Enabled or Disabled", takes: (value) => value === "Enabled" || value === "Disabled" };

const WORDS: Readonly<Record<string, Word>> = Object.freeze({
  encapsulation: { may: ENCAPSULATIONS.join(", "), takes: (value: string) => ENCAPSULATIONS.some((each) => each === value) },
  blockSize: { may: "a number from 20 to 32", takes: (value: string) => /^(2[0-9]|3[0-2])$/.test(value) },
  natOutgoing: SWITCH,
  strictAffinity: SWITCH,
  maxBlocksPerHost: { may: "a positive number", takes: (value: string) => /^[1-9][0-9]*$/.test(value) },
});

/** Why `key=value` is no option of Calico, in a sentence; null if it is one. */
export function calicoWordFault(key: string, value: string): string | null {
  const word = Object.hasOwn(WORDS, key) ? WORDS[key] : undefined;
  if (word === undefined) return `there is no option "${key}": supported options: ${Object.keys(WORDS).join(", ")}`;
  return word.takes(value) ? null : `${key} must be ${word.may}`;
}

/** The options that checked words stand for. */
export function calicoOptions(words: Readonly<Record<string, string>>): Partial<CalicoOptions> {
  const { encapsulation, blockSize, natOutgoing, strictAffinity, maxBlocksPerHost } = words;
  const known = ENCAPSULATIONS.find((each) => each === encapsulation);
  return {
    ...(known === undefined ? {} : { encapsulation: known }),
    ...(blockSize === undefined ? {} : { blockSize: Number(blockSize) }),
    ...(natOutgoing === undefined ? {} : { natOutgoing: natOutgoing === "Enabled" }),
    ...(strictAffinity === undefined ? {} : { strictAffinity: strictAffinity === "Enabled" }),
    ...(maxBlocksPerHost === undefined ? {} : { maxBlocksPerHost: Number(maxBlocksPerHost) }),
  };
}
