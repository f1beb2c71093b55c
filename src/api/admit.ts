/* The whole way in: read, default, validate. What comes out can be stored. */
import { withDefaults } from "./defaults.js";
import type { Located } from "./located.js";
import { type ManifestFile, type ReadOptions, type ReadResult, readManifests, readObjects } from "./read-manifests.js";
import { validate } from "./validate/index.js";

/** Reads files, fills in defaults and validates; no object is returned when any problem is an error. */
export function admitManifests(files: readonly ManifestFile[], options: ReadOptions = {}): ReadResult {
  return admit(readManifests(files, options), options);
}

/** The same for plain objects that a caller hands in. */
export function admitObjects(objects: readonly unknown[], options: ReadOptions = {}): ReadResult {
  return admit(readObjects(objects, options), options);
}

function admit(read: ReadResult, options: ReadOptions): ReadResult {
  const judged = read.objects.flatMap((located) => validate(located, options));
  const problems = Object.freeze([...read.problems, ...judged]);
  if (problems.some((problem) => problem.severity === "error")) return Object.freeze({ objects: Object.freeze([]), problems });
  const objects = read.objects.map((located): Located => Object.freeze({ ...located, object: withDefaults(located.object) }));
  return Object.freeze({ objects: Object.freeze(objects), problems });
}
