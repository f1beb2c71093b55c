/** `ip netns add` and `ip netns del`. */
import { deleteDevices } from "../device-state.js";
import { addNetns, netnsByName, removeNetns } from "../netns.js";
import type { Stack } from "../stack.js";
import type { ActResult, NetnsAdd, NetnsDel } from "./act.js";

export function addNamespace(s: Stack, act: NetnsAdd): ActResult {
  if (netnsByName(s, act.node, act.name) !== 0) {
    return { errno: "EEXIST", message: `Cannot create namespace file "/run/netns/${act.name}": File exists` };
  }
  addNetns(s, act.node, act.name);
  return null;
}

export function deleteNamespace(s: Stack, act: NetnsDel): ActResult {
  if (!s.nsInfo.has(act.ns)) return { errno: "ENOENT", message: "Cannot remove namespace file: No such file or directory" };
  deleteDevices(s, act.ns);
  s.nft.drop(act.ns);
  removeNetns(s, act.ns);
  return null;
}
