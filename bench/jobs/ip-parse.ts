// IPv4 text to its number, strictly: four decimal parts, no leading zero, nothing around them.
import { Address4 } from "ip-address";
import ipaddr from "ipaddr.js";
import { parseIPv4 } from "../../src/base/ip.js";
import { fold, xorshift32 } from "../chance.js";
import type { Job, Work } from "../job.js";

const TEXTS = 4096;
const CHECKED = 4 * TEXTS;

const texts = ((): string[] => {
  const draw = xorshift32(11);
  return Array.from({ length: TEXTS }, () => {
    const word = draw();
    return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join(".");
  });
})();

/** Split, and check each part. */
function bySplitting(text: string): number | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let word = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return null;
    const value = Number(part);
    if (value > 255) return null;
    word = (word << 8) | value;
  }
  return word;
}

function byIpAddress(text: string): number | null {
  return new Address4(text).parsedAddress.reduce((word, part) => (word << 8) | Number(part), 0);
}

function byIpaddrJs(text: string): number | null {
  const [a = 0, b = 0, c = 0, d = 0] = ipaddr.IPv4.parse(text).octets;
  return (a << 24) | (b << 16) | (c << 8) | d;
}

function worked(parse: (text: string) => number | null): () => Work {
  return () => {
    let k = 0;
    let last = 0;
    return {
      run(n) {
        for (let i = 0; i < n; i++) last ^= parse(texts[k++ & (TEXTS - 1)]!) ?? 1;
        if (last === 0.5) throw new Error("an address is not an integer");
      },
      check() {
        let digest = 0;
        for (let i = 0; i < CHECKED; i++) digest = fold(digest, (parse(texts[i & (TEXTS - 1)]!) ?? 0) | 0);
        return digest;
      },
    };
  };
}

export const job: Job = {
  sizes: [0],
  contenders: {
    ours: worked(parseIPv4),
    plain: worked(bySplitting),
    peers: [
      { name: "ip-address", make: worked(byIpAddress) },
      { name: "ipaddr.js", make: worked(byIpaddrJs) },
    ],
  },
};
