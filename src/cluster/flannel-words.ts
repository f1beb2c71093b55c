/** flannel's options behind a colon, in the words of its net-conf.json: "flannel:backend=vxlan,directRouting=true,vni=2,port=4789". */
import { FLANNEL_BACKENDS, type FlannelOptions } from "../models/cni/flannel-backend.js";

/** Backends that there are, but not here. */
const OTHER_BACKENDS: readonly string[] = ["ipsec", "udp", "alloc", "extension", "tencent-vpc"];
const MOST_VNI = 0xffffff;
const MOST_PORT = 0xffff;

/** What is wrong with one option: a problem's code, message and fix. */
export interface WordFault {
  readonly code: "unknown-option" | "unknown-value" | "not-modelled" | "invalid-value";
  readonly message: string;
  readonly fix?: string;
}

const isNumber = (value: string, most: number): boolean => /^[1-9][0-9]{0,8}$/.test(value) && Number(value) <= most;

function backendFault(value: string): WordFault | null {
  if (FLANNEL_BACKENDS.some((each) => each === value)) return null;
  const known = OTHER_BACKENDS.includes(value);
  return {
    code: known ? "not-modelled" : "unknown-value",
    message: `flannel backend ${value}: ${known ? "not modelled" : "there is none of that name"}`,
    fix: `use backend=${FLANNEL_BACKENDS.join(" or backend=")}`,
  };
}

/** Why `key=value` is no option of flannel with this backend; null if it is one. */
export function flannelWordFault(key: string, value: string | undefined, backend: string): WordFault | null {
  const said = value === undefined ? key : `${key}=${value}`;
  const only = (backends: readonly string[], fault: WordFault | null): WordFault | null =>
    fault ?? (backends.includes(backend) || backendFault(backend) !== null ? null : { code: "invalid-value", message: `Invalid value: "${said}": backend ${backend} has no ${key}`, fix: `use it with backend=${backends.join(" or backend=")}` });
  const invalid = (sound: boolean, must: string): WordFault | null => (sound ? null : { code: "invalid-value", message: `Invalid value: "${value ?? ""}": ${must}` });
  if (value !== undefined) {
    if (key === "backend") return backendFault(value);
    if (key === "vni") return only(["vxlan"], invalid(isNumber(value, MOST_VNI), `must be between 1 and ${MOST_VNI}`));
    if (key === "port") return only(["vxlan", "wireguard"], invalid(isNumber(value, MOST_PORT), `must be between 1 and ${MOST_PORT}`));
    if (key === "directRouting") return only(["vxlan", "ipip"], invalid(value === "true" || value === "false", "must be true or false"));
  }
  return { code: "unknown-option", message: `Invalid value: "${said}": must be backend=NAME, vni=N, port=N or directRouting=true` };
}

/** The options that checked words stand for. */
export function flannelOptions({ backend, vni, port, directRouting }: Readonly<Record<string, string>>): Partial<FlannelOptions> {
  const known = FLANNEL_BACKENDS.find((each) => each === backend);
  return {
    ...(known === undefined ? {} : { backend: known }),
    ...(vni === undefined ? {} : { vni: Number(vni) }),
    ...(port === undefined ? {} : { port: Number(port) }),
    ...(directRouting === undefined ? {} : { directRouting: directRouting === "true" }),
  };
}
