/** `tc qdisc add|del` of token buckets and of redirection at the way in. */
import { newBucket } from "../dev/shape.js";
import { deviceByName } from "../device.js";
import { DEVF, type Stack, type TokenBucket } from "../stack.js";
import { type ActResult, noDevice, rtnetlinkError } from "./act.js";
import type { QdiscAdd, QdiscDel } from "./qdisc-act.js";

/** Replaces a device's queues; the flag says whether a packet's path must look. */
function setQueues(s: Stack, dev: number, { tbf, redirect }: { readonly tbf: TokenBucket | undefined; readonly redirect: number | undefined }): void {
  const { tbf: _tbf, redirect: _redirect, ...rest } = s.devInfo.get(dev)!;
  s.devInfo.set(dev, Object.freeze({ ...rest, ...(tbf === undefined ? {} : { tbf }), ...(redirect === undefined ? {} : { redirect }) }));
  const flags = s.dev.c.flags[dev]!;
  s.dev.c.flags[dev] = tbf === undefined && redirect === undefined ? flags & ~DEVF.shaped : flags | DEVF.shaped;
}

export function addQdisc(s: Stack, act: QdiscAdd): ActResult {
  const dev = deviceByName(s, act.ns, act.dev);
  if (dev === 0) return noDevice(act.dev);
  const before = s.devInfo.get(dev)!;
  if ((act.tbf !== undefined && before.tbf !== undefined) || (act.redirect !== undefined && before.redirect !== undefined)) return rtnetlinkError("EEXIST");
  const ifb = act.redirect === undefined ? undefined : deviceByName(s, act.ns, act.redirect);
  if (ifb === 0) return noDevice(act.redirect!);
  if (act.tbf !== undefined && (act.tbf.rate <= 0 || act.tbf.burst <= 0 || act.tbf.limit <= 0)) return rtnetlinkError("EINVAL");
  setQueues(s, dev, { tbf: act.tbf === undefined ? before.tbf : newBucket(s, act.tbf.rate, act.tbf.burst, act.tbf.limit), redirect: ifb ?? before.redirect });
  return null;
}

export function deleteQdisc(s: Stack, act: QdiscDel): ActResult {
  const dev = deviceByName(s, act.ns, act.dev);
  if (dev === 0) return noDevice(act.dev);
  const { tbf, redirect } = s.devInfo.get(dev)!;
  if ((act.at === "root" ? tbf : redirect) === undefined) return { errno: "ENOENT", message: "Error: Cannot delete qdisc with handle of zero." };
  setQueues(s, dev, act.at === "root" ? { tbf: undefined, redirect } : { tbf, redirect: undefined });
  return null;
}
