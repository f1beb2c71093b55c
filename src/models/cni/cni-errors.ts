/** Error codes of the CNI specification; 999 is what the reference plugins give to everything that is their own. */
import type { CniError } from "./cni-model.js";

export const CNI_ERROR = Object.freeze({ incompatibleVersion: 1, unsupportedField: 2, unknownContainer: 3, invalidEnvironment: 4, ioFailure: 5, decodingFailure: 6, invalidConfig: 7, tryAgain: 11, internal: 999 } as const);

/** An error of a plugin's own, in its words. */
export function pluginError(msg: string): CniError {
  return Object.freeze({ code: CNI_ERROR.internal, msg });
}

/** Whether a call gave an error object instead of its result. */
export function isCniError(result: object | null): result is CniError {
  return result !== null && "code" in result && "msg" in result;
}
