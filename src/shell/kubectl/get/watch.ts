/** `get --watch`: the table, then a line for whatever changes, while virtual time passes. */
import type { KubeObject } from "../../../api/index.js";
import type { KubectlSource } from "../source.js";

/** Seconds that a watch goes on unless `--request-timeout` says otherwise; nobody is there to stop it. */
const SECONDS = 60;
const MOST_STEPS = 2_000_000;

/** Lets time pass and calls `changed` for each object that came, changed or went, in that order. */
export function watchObjects(source: KubectlSource, list: () => readonly KubeObject[], seconds: number | undefined, changed: (object: KubeObject) => void): void {
  const { step } = source;
  if (step === undefined) return;
  const keyOf = (object: KubeObject): string => `${object.kind} ${object.metadata.namespace ?? ""}/${object.metadata.name} ${object.metadata.uid ?? ""}`;
  let known = new Map(list().map((object) => [keyOf(object), object]));
  const end = source.now() + (seconds ?? SECONDS);
  for (let steps = 0; steps < MOST_STEPS && source.now() < end; steps++) {
    if (!step.call(source)) return;
    const now = new Map(list().map((object) => [keyOf(object), object]));
    for (const [key, object] of now) if (known.get(key)?.metadata.resourceVersion !== object.metadata.resourceVersion) changed(object);
    for (const [key, object] of known) if (!now.has(key)) changed(object);
    known = now;
  }
}

/** `30s`, `1m`, `5` as seconds; undefined for none. */
export function secondsOf(text: string | undefined): number | undefined {
  const found = /^(\d+)(s|m|h)?$/.exec(text ?? "");
  if (found === null || Number(found[1]) === 0) return undefined;
  return Number(found[1]) * (found[2] === "m" ? 60 : found[2] === "h" ? 3600 : 1);
}
