/** Names of Felix's chains and sets: what is too long for the kernel ends in a hash (libcalico-go/lib/hash; felix/rules/rule_defs.go). */
import { encodeBase64Url } from "../../../base/base64url.js";
import { sha224, sha256 } from "../../../base/sha256.js";
import type { Direction } from "../../../policy/rules.js";

const LONGEST_CHAIN = 28;
const LONGEST_SET = 31;
const SHORTENED = "_";

/** A prefix and a name, or the prefix and a hash of the name. */
export function limitedName(prefix: string, name: string, longest: number = LONGEST_CHAIN): string {
  const length = prefix.length + name.length;
  if (length < longest || (length === longest && !name.startsWith(SHORTENED))) return prefix + name;
  return `${prefix}${SHORTENED}${encodeBase64Url(sha256(name)).slice(0, longest - 1 - prefix.length)}`;
}

const WAY: Readonly<Record<Direction, { readonly policy: string; readonly profile: string; readonly group: string; readonly workload: string; readonly dispatch: string }>> = Object.freeze({
  ingress: { policy: "cali-pi-", profile: "cali-pri-", group: "cali-gi-", workload: "cali-tw-", dispatch: "cali-to-wl-dispatch" },
  egress: { policy: "cali-po-", profile: "cali-pro-", group: "cali-go-", workload: "cali-fw-", dispatch: "cali-from-wl-dispatch" },
});

/** Chain of a policy, `knp/shop/deny`, for one direction. */
export const policyChainName = (id: string, direction: Direction): string => limitedName(WAY[direction].policy, id);

/** Chain of a profile, `kns.shop`. */
export const profileChainName = (profile: string, direction: Direction): string => limitedName(WAY[direction].profile, profile);

/** What the chains of groups begin with. */
export const groupPrefix = (direction: Direction): string => WAY[direction].group;

/** Chain of a workload's interface: `cali-tw-` to it, `cali-fw-` from it. */
export const workloadChainName = (device: string, direction: Direction): string => limitedName(WAY[direction].workload, device);

/** Before an interface of the host: chains for packets that are forwarded from it (ingress) or to it. */
export const HOST_FORWARD_PREFIX: Readonly<Record<Direction, string>> = Object.freeze({ ingress: "cali-fhfw-", egress: "cali-thfw-" });

/** Root of the chains that tell interfaces apart. */
export const dispatchChainName = (direction: Direction): string => WAY[direction].dispatch;

/** A set of the fixed ones, `masq-ipam-pools`. */
export const fixedSetName = (id: string): string => `cali40${id}`;

/** Identity of what a set stands for: kind, a colon, and a hash of the content. */
export const uniqueId = (kind: string, content: string): string => `${kind}:${encodeBase64Url(sha224(`${kind}:${content}`))}`;

/** Name of a set by its identity. */
export const setName = (id: string): string => `cali40${id}`.slice(0, LONGEST_SET);

export const isFelixChain = (name: string): boolean => name.startsWith("cali-");

export const isFelixSet = (name: string): boolean => name.startsWith("cali40");
