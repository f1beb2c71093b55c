/** What every reference plugin asks before its verb runs, and in which words it refuses (containernetworking/cni, pkg/skel and pkg/utils). */
import { CNI_ERROR, pluginError } from "../cni-errors.js";
import type { CniError } from "../cni-model.js";

/** Versions of the specification that plugins here know. */
export const CNI_VERSIONS: readonly string[] = Object.freeze(["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]);

const LONGEST_IFNAME = 15;
/** Arguments that plugins pass over unless told to ignore all that they do not know. */
const KNOWN_ARGS = ["IgnoreUnknown", "IP", "MAC", "K8S_POD_NAME", "K8S_POD_NAMESPACE", "K8S_POD_INFRA_CONTAINER_ID", "K8S_POD_UID"];

function refuse(code: number, msg: string, details?: string): CniError {
  return Object.freeze({ code, msg, ...(details === undefined ? {} : { details }) });
}

const environment = (msg: string, details?: string): CniError => refuse(CNI_ERROR.invalidEnvironment, msg, details);

/** Parameters that a verb cannot do without; each is its variable's name. */
export function missingParameter(given: Readonly<Record<string, string>>): CniError | null {
  const lacking = Object.entries(given).filter(([, value]) => value === "").map(([name]) => name);
  return lacking.length === 0 ? null : environment(`required env variables [${lacking.join(",")}] missing`);
}

export function badContainerId(id: string): CniError | null {
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(id) ? null : environment("invalid characters in containerID", id);
}

export function badInterfaceName(name: string): CniError | null {
  if (name.length > LONGEST_IFNAME) return environment("interface name is too long", `interface name should be less than ${LONGEST_IFNAME + 1} characters`);
  if (name === "." || name === "..") return environment("interface name is . or ..");
  return /[/:\s]/.test(name) ? environment("interface name contains / or : or whitespace characters") : null;
}

export function badNetworkName(name: string): CniError | null {
  if (name === "") return refuse(CNI_ERROR.invalidConfig, "missing network name");
  return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(name) ? null : refuse(CNI_ERROR.invalidConfig, "invalid characters found in network name", name);
}

export function badVersion(version: string): CniError | null {
  if (CNI_VERSIONS.includes(version)) return null;
  return refuse(CNI_ERROR.incompatibleVersion, "incompatible CNI versions", `config is "${version}", plugin supports [${CNI_VERSIONS.map((known) => `"${known}"`).join(" ")}]`);
}

export function noPlugin(type: string): CniError {
  return pluginError(`failed to find plugin "${type}" in path [/opt/cni/bin]`);
}

/** `K=V;K=V` taken apart. */
export function readArgs(text: string): Readonly<Record<string, string>> | CniError {
  const pairs = text === "" ? [] : text.split(";").map((pair) => pair.split("="));
  const broken = pairs.find((pair) => pair.length !== 2);
  if (broken !== undefined) return pluginError(`ARGS: invalid pair "${broken.join("=")}"`);
  const args = Object.fromEntries(pairs) as Readonly<Record<string, string>>;
  const unknown = Object.entries(args).filter(([key]) => !KNOWN_ARGS.includes(key));
  if (unknown.length === 0 || /^(1|true|t|yes|y|on)$/i.test(args["IgnoreUnknown"] ?? "")) return args;
  return pluginError(`ARGS: unknown args [${unknown.map(([key, value]) => `"${key}=${value}"`).join(" ")}]`);
}
