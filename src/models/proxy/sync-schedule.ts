// When the next sync runs. Read first: kubernetes pkg/proxy/runner/bounded_frequency_runner.go.

const SECOND = 1e9;

/** In ns. */
export interface SyncPeriods {
  /** Least time from the end of one run to the start of the next. */
  readonly min: number;
  /** Wait before a failed run is tried again. */
  readonly retry: number;
  /** Longest time without a run. */
  readonly max: number;
}

/** `minSyncPeriod` and `syncPeriod` as kube-proxy has them unless configured, and its hour. */
export const defaultSyncPeriods: SyncPeriods = Object.freeze({ min: SECOND, retry: 30 * SECOND, max: 3600 * SECOND });

/** When a proxy ran, and whether it was asked to again. */
export interface SyncSchedule {
  /** End of the last run, null before the first. */
  readonly lastRun: number | null;
  readonly lastFailed: boolean;
  /** Somebody asked for a run since the last one began; more askers change nothing. */
  readonly requested: boolean;
}

/** A proxy that has not run and was not asked to. */
export const unscheduled: SyncSchedule = Object.freeze({ lastRun: null, lastFailed: false, requested: false });

/** The time at which the next run begins, never before `now`; null while nobody asked for a first one. */
export function nextSync(schedule: SyncSchedule, now: number, periods: SyncPeriods): number | null {
  const { lastRun, lastFailed, requested } = schedule;
  if (lastRun === null) return requested ? now : null;
  const wait = requested ? periods.min : lastFailed ? Math.min(periods.retry, periods.max) : periods.max;
  return Math.max(now, lastRun + Math.max(wait, periods.min));
}
