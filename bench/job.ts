// What a benchmark job is.
//
// A job lives in bench/jobs/<name>.ts and exports one `job: Job`; the harness finds it by its file's name. A contender's
// factory prepares the work for a size and returns
//
//   run(n)    does the job's operation n times; only this is timed. It continues where the last call stopped.
//   check()   runs a fixed amount of the same work from a fresh start and digests its answers. All contenders of a job
//             must return the same number, or the job fails: two that answer differently are not doing the same work.
//
// The operation is the same in every contender, so the figures compare. `floor` is what no form of the work can beat (a
// bare copy, a ring without order) and is the only contender that may do less: it has no `check`.
// Each contender of each round runs in a fresh process from plain JavaScript (the job is bundled first), so that the type
// feedback and garbage of one do not slow another. Spread work over inputs made before `run`: a loop over one constant
// measures the optimiser. Keep results alive by folding them into a field, so that work is not removed as dead.

/** One prepared form of the work. */
export interface Work {
  /** Does the operation `n` times, or `n` batches of it. */
  run(n: number): void;
  /** Operations in one batch, for work that comes whole (a matrix of pairs); 1 if absent. */
  readonly batch?: number;
  /** A digest of the answers to a fixed amount of work, equal between the contenders of a job. */
  check(): number;
}

/** Work whose answers are not compared: a floor does less than the job asks. */
export type FloorWork = Omit<Work, "check">;

/** Prepares the work of one contender for a size, from what the job gives to all of them. */
export type Factory<W = FloorWork> = (size: number, given: unknown) => W | Promise<W>;

/** A named contender: a library, or a floor of the machine. */
export interface Named<W = FloorWork> {
  readonly name: string;
  readonly make: Factory<W>;
}

/** One job at some sizes. */
export interface Job {
  /** Plain integers (services, policies, prefixes, pending events); `[0]` where there is none. */
  readonly sizes: readonly number[];
  /** The sizes of `--quick`; all sizes if absent. */
  readonly quickSizes?: readonly number[];
  /** Makes what every contender is handed, such as parsed input; it does not count as memory that the work holds. */
  readonly given?: (size: number) => unknown;
  /**
   * Timed once in each process, in the run that follows the making. Where work takes seconds, a short one would else be judged by
   * its fifth time, when its code is warm, and a long one by its second.
   */
  readonly once?: boolean;
  /** How often a contender is timed, in interleaved rounds; 3 if absent. */
  readonly rounds?: number;
  readonly contenders: {
    readonly ours: Factory<Work>;
    /** The simplest honest form. */
    readonly plain?: Factory<Work>;
    /** The strongest libraries that do the same; the fastest of them is reported. */
    readonly peers?: readonly Named<Work>[];
    readonly floor?: Named;
  };
}
