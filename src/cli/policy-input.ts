/** Manifests for the commands that ask policies alone: read, checked, made into a model; nothing is booted. */
import { admitManifests } from "../api/index.js";
import { InputError, inputError } from "../cluster/input-error.js";
import { type PolicyModel, readModel } from "../policy/index.js";
import { readFiles } from "./files.js";
import { showProblems } from "./output.js";

/** The model of what the paths hold; throws an InputError with every problem, shows warnings on stderr. */
export function readPolicies(paths: readonly string[], strict: boolean): PolicyModel {
  if (paths.length === 0) throw inputError("required", "filename", "Required value: which manifests?", "say -f FILE, -f FOLDER or -f -");
  const { objects, problems } = admitManifests(readFiles(paths), { strict });
  if (problems.some((problem) => problem.severity === "error")) throw new InputError(problems);
  showProblems(problems, false);
  return readModel(objects);
}
