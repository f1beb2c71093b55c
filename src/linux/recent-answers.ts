const BITS = 10;
const SLOTS: number = 1 << BITS;

/** Multiplicative hashing: the high bits of the product. */
function slotOf(first: number, second: number): number {
  return Math.imul(second + Math.imul(first, 0x9e37), 0x9e3779b1) >>> (32 - BITS);
}

/** What was answered lately about pairs of numbers, one answer for each slot of a small hash; it may be forgotten at any time. */
export class RecentAnswers<T> {
  private readonly first: Int32Array = new Int32Array(SLOTS);
  private readonly second: Int32Array = new Int32Array(SLOTS);
  /** which age an answer is of */
  private readonly ages: Int32Array = new Int32Array(SLOTS);
  private readonly answers: (T | null)[] = Array.from({ length: SLOTS }, () => null);
  private age = 1;

  /** The answer, undefined if it is not known. */
  get(first: number, second: number): T | null | undefined {
    const at = slotOf(first, second);
    return this.first[at] === first && this.second[at] === second && this.ages[at] === this.age ? this.answers[at]! : undefined;
  }

  /** Keeps an answer in place of another. */
  keep(first: number, second: number, answer: T | null): void {
    const at = slotOf(first, second);
    this.first[at] = first;
    this.second[at] = second;
    this.ages[at] = this.age;
    this.answers[at] = answer;
  }

  /** Forgets all. */
  forget(): void {
    this.age = (this.age + 1) | 0;
  }
}
