/** `bridge fdb append|add|replace|del` (rtnl_fdb_add; vxlan_fdb_add and br_fdb_add). */
import { isMulticastMac, parseMac } from "../../base/mac.js";
import { addPermanent, findRemote } from "../dev/fdb-entry.js";
import { FDBF } from "../dev/fdb-table.js";
import { isForwarding } from "../dev/bridge-port.js";
import { deviceByName, isUnicastMac } from "../device.js";
import { DEV, type Stack } from "../stack.js";
import { type ActResult, extackError, type FdbChange, noDevice, rtnetlinkError } from "./act.js";

export function changeFdb(s: Stack, act: FdbChange): ActResult {
  const dev = deviceByName(s, act.ns, act.dev);
  if (dev === 0) return noDevice(act.dev);
  const mac = parseMac(act.mac);
  if (mac === null) return { errno: "EINVAL", message: `Invalid mac address ${act.mac}` };
  if (act.master === true) return changeBridgeEntry(s, act, dev, mac);
  if (s.dev.c.kind[dev] === DEV.vxlan) return changeTunnelEntry(s, act, dev, mac);
  // A device's own unicast filter list; every frame is looked at here, so it changes no packet's way.
  return act.verb === "fdb-append" ? rtnetlinkError("EOPNOTSUPP") : null;
}

function changeTunnelEntry(s: Stack, act: FdbChange, dev: number, mac: number): ActResult {
  const remote = act.dst === undefined ? 0 : s.book.ofText(act.dst);
  if (act.dst !== undefined && remote === 0) return { errno: "EINVAL", message: `Error: inet address is expected rather than "${act.dst}".` };
  const first = s.fdb.find(dev, mac);
  if (act.verb === "fdb-del") {
    if (first === 0) return rtnetlinkError("ENOENT");
    const one = remote === 0 ? 0 : findRemote(s, first, remote);
    // A destination that is not there is no error.
    if (remote === 0) s.fdb.remove(first);
    else if (one !== 0) s.fdb.removeOne(first, one);
    return null;
  }
  if (remote === 0) return rtnetlinkError("EINVAL");
  const grouped = mac === 0 || isMulticastMac(mac);
  if (act.verb === "fdb-add" && first !== 0) return rtnetlinkError("EEXIST");
  if (act.verb === "fdb-replace" && grouped && first !== 0) return extackError("EOPNOTSUPP", "Cannot replace non-unicast fdb entries");
  if (act.verb === "fdb-replace" && first !== 0) s.fdb.remove(first);
  // Only the zero address and groups have several destinations; appending to another address leaves it as it is.
  else if (first !== 0 && !grouped) return null;
  addPermanent(s, dev, mac, remote, act.cause ?? 0);
  return null;
}

function changeBridgeEntry(s: Stack, act: FdbChange, port: number, mac: number): ActResult {
  const bridge = s.dev.c.master[port]!;
  if (bridge === 0) return rtnetlinkError("EOPNOTSUPP");
  const known = s.fdb.find(bridge, mac);
  const c = s.fdb.rows.c;
  if (act.verb === "fdb-del") {
    if (known === 0 || c.port[known] !== port) return rtnetlinkError("ENOENT");
    s.fdb.remove(known);
    return null;
  }
  if (!isUnicastMac(mac)) return rtnetlinkError("EINVAL");
  if (act.state === "dynamic" && !isForwarding(s, port)) return rtnetlinkError("EPERM");
  if (known !== 0 && act.verb === "fdb-add") return rtnetlinkError("EEXIST");
  const row = known !== 0 ? known : s.fdb.add(bridge, mac);
  const columns = s.fdb.rows.c;
  columns.port[row] = port;
  columns.flags[row] = FDBF.user | (act.state === "dynamic" ? 0 : act.state === "static" ? FDBF.static : FDBF.permanent | FDBF.local);
  columns.updated[row] = s.engine.now;
  columns.cause[row] = act.cause ?? 0;
  return null;
}
