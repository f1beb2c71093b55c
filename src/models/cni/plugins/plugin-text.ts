/** Results and errors as plugins print them: JSON indented by four, keys in the order of Go's structs, blanks left out. */
import type { CniError, CniResult } from "../cni-model.js";

const INDENT = 4;

/** What is printed of a call: a result with its version, an error object, or nothing. */
export function pluginText(answer: CniResult | CniError | null, cniVersion: string): string {
  if (answer === null) return "";
  return JSON.stringify("msg" in answer ? { code: answer.code, msg: answer.msg, details: answer.details } : resultObject(answer, cniVersion), null, INDENT);
}

/** Undefined fields are not printed. */
function resultObject({ interfaces, ips, routes }: CniResult, cniVersion: string): object {
  const filled = <T>(list: readonly T[]): readonly T[] | undefined => (list.length === 0 ? undefined : list);
  return {
    cniVersion,
    interfaces: filled(interfaces.map(({ name, mac, sandbox }) => ({ name, mac, sandbox }))),
    ips: filled(ips.map(({ interface: at, address, gateway }) => ({ interface: at, address, gateway }))),
    routes: filled(routes.map(({ dst, gw }) => ({ dst, gw }))),
    dns: {},
  };
}
