/** `ip neigh add|replace|del` (neigh_add and neigh_delete in net/core/neighbour.c). */
import { parseMac } from "../../base/mac.js";
import { deviceByName } from "../device.js";
import { forgetNeighbour, neighbourOf, updateNeighbour } from "../neigh.js";
import { NUD } from "../neigh-table.js";
import { DEV, type Stack } from "../stack.js";
import { type ActResult, extackError, type NeighChange, noDevice, rtnetlinkError } from "./act.js";

export function changeNeighbour(s: Stack, act: NeighChange): ActResult {
  const dev = deviceByName(s, act.ns, act.dev);
  if (dev === 0) return noDevice(act.dev);
  const addr = s.book.ofText(act.addr);
  if (addr === 0) return { errno: "EINVAL", message: `Error: inet prefix is expected rather than "${act.addr}".` };
  const known = s.neigh.find(dev, addr);
  if (act.verb === "neigh-del") {
    if (known === 0) return rtnetlinkError("ENOENT");
    forgetNeighbour(s, known);
    return null;
  }
  const mac = act.mac === undefined ? null : parseMac(act.mac);
  if (act.mac !== undefined && mac === null) return { errno: "EINVAL", message: `"${act.mac}" is invalid lladdr.` };
  if (known !== 0 && act.verb === "neigh-add") return rtnetlinkError("EEXIST");
  if (mac === null && (known === 0 || (s.neigh.rows.c.state[known]! & NUD.valid) === 0)) {
    return extackError("EINVAL", "No link layer address given");
  }
  if (s.dev.c.kind[dev] === DEV.loopback) return rtnetlinkError("EINVAL");
  const row = known === 0 ? neighbourOf(s, dev, addr) : known;
  updateNeighbour(s, row, mac ?? s.neigh.rows.c.mac[row]!, NUD[act.state ?? "permanent"], true, true);
  s.neigh.rows.c.cause[row] = act.cause ?? 0;
  return null;
}
