/** Programs that run in namespaces: state only. What a program is lies in code, by its name; see `app.ts`. */
import { type Digest, fnv1a32 } from "../../base/hash.js";

/** A running program: its name, where it runs, and its own frozen state. */
export interface AppInfo {
  readonly ns: number;
  readonly program: string;
  readonly cause: number;
  readonly state: Readonly<Record<string, unknown>>;
  /** lines it has printed */
  readonly output: readonly string[];
  /** undefined while it runs */
  readonly exit?: number;
}

/** A saved `AppTable`. */
export interface AppState {
  readonly apps: ReadonlyMap<number, AppInfo>;
  readonly next: number;
  readonly watchers: ReadonlyMap<number, readonly number[]>;
}

/** The programs that run, and those that have ended, by number. */
export class AppTable {
  apps: Map<number, AppInfo> = new Map();
  /** number of the next program */
  next = 1;
  /** programs that hear of their namespace's links and routes, by namespace */
  watchers: Map<number, readonly number[]> = new Map();

  /** a program that is writing to its kernel and need not hear of it; 0 between calls */
  quiet = 0;

  /** Lets a program hear of links and routes, or no more. */
  watch(ns: number, app: number, on: boolean): void {
    const others = (this.watchers.get(ns) ?? []).filter((one) => one !== app);
    if (on) this.watchers.set(ns, Object.freeze([...others, app]));
    else if (others.length > 0) this.watchers.set(ns, Object.freeze(others));
    else this.watchers.delete(ns);
  }

  /** What it holds, as plain data. */
  save(): AppState {
    return { apps: new Map(this.apps), next: this.next, watchers: new Map(this.watchers) };
  }

  /** Takes on a saved state. */
  restore(state: AppState): void {
    this.apps = new Map(state.apps);
    this.next = state.next;
    this.watchers = new Map(state.watchers);
  }

  /** Folds what can decide a later step. */
  fold(digest: Digest): void {
    digest.i32(this.next);
    for (const [app, info] of this.apps) {
      digest.i32(app);
      digest.i32(fnv1a32(info.program));
      digest.i32(info.output.length);
      digest.i32(info.exit ?? -1);
    }
  }
}
