/**
 * Which objects a selector of equalities picks, and which such selectors pick an object, without scanning either side.
 * Derived: filled again after a restore. Results come in no order that means anything.
 */
import type { Labels } from "../api/index.js";

/** Sets of keys by words; empty sets are dropped. */
export class KeySets {
  private readonly sets = new Map<string, Set<string>>();

  add(word: string, key: string): void {
    const set = this.sets.get(word);
    if (set === undefined) this.sets.set(word, new Set([key]));
    else set.add(key);
  }

  remove(word: string, key: string): void {
    const set = this.sets.get(word);
    if (set?.delete(key) === true && set.size === 0) this.sets.delete(word);
  }

  of(word: string): ReadonlySet<string> {
    return this.sets.get(word) ?? NONE;
  }

  clear(): void {
    this.sets.clear();
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Objects by namespace and each of their labels. */
export class LabelIndex {
  private readonly pairs = new KeySets();

  add(namespace: string, labels: Labels | undefined, key: string): void {
    for (const word of words(namespace, labels)) this.pairs.add(word, key);
  }

  remove(namespace: string, labels: Labels | undefined, key: string): void {
    for (const word of words(namespace, labels)) this.pairs.remove(word, key);
  }

  /** The objects that carry every pair, or a superset of them: those of the rarest pair. */
  candidates(namespace: string, selector: Labels): ReadonlySet<string> {
    let best: ReadonlySet<string> | null = null;
    for (const word of words(namespace, selector)) {
      const set = this.pairs.of(word);
      if (best === null || set.size < best.size) best = set;
    }
    return best ?? NONE;
  }

  clear(): void {
    this.pairs.clear();
  }
}

/** Non-empty selectors by namespace and the first of their pairs. */
export class SelectorIndex {
  private readonly firsts = new KeySets();

  add(namespace: string, selector: Labels | undefined, key: string): void {
    const word = firstWord(namespace, selector);
    if (word !== undefined) this.firsts.add(word, key);
  }

  remove(namespace: string, selector: Labels | undefined, key: string): void {
    const word = firstWord(namespace, selector);
    if (word !== undefined) this.firsts.remove(word, key);
  }

  /** Every selector that may hold for the labels, and some that do not. */
  candidates(namespace: string, labels: Labels | undefined): readonly string[] {
    return words(namespace, labels).flatMap((word) => [...this.firsts.of(word)]);
  }

  clear(): void {
    this.firsts.clear();
  }
}

function firstWord(namespace: string, selector: Labels | undefined): string | undefined {
  return words(namespace, selector)[0];
}

function words(namespace: string, labels: Labels | undefined): readonly string[] {
  return labels === undefined ? [] : Object.keys(labels).map((key) => `${namespace}\n${key}\n${labels[key]!}`);
}
