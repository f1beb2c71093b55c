/**
 * The one writing door of the simulated kernels: every change by a person, an agent or a model is an act that comes through
 * `plumb`. It dispatches on the verb to one file for each concern in plumbing/.
 */
import { deleteConntrack } from "./nf/conntrack-list.js";
import type { Act, ActResult } from "./plumbing/act.js";
import { changeAddress, flushAddresses } from "./plumbing/addr.js";
import { changeFdb } from "./plumbing/fdb.js";
import { changeIpset } from "./plumbing/ipset.js";
import { changeIptables, restoreIptables } from "./plumbing/iptables.js";
import { changeIpvs } from "./plumbing/ipvs.js";
import { addLink, deleteLink, setLink } from "./plumbing/link.js";
import { changeNeighbour } from "./plumbing/neigh.js";
import { addNamespace, deleteNamespace } from "./plumbing/netns.js";
import { changeNft } from "./plumbing/nft.js";
import { setNftTable } from "./plumbing/nft-table.js";
import { addQdisc, deleteQdisc } from "./plumbing/qdisc.js";
import { changeRoute, flushRoutes } from "./plumbing/route.js";
import { changeRule } from "./plumbing/rule.js";
import { setSysctl } from "./plumbing/sysctl.js";
import { setWireguard } from "./plumbing/wireguard.js";
import type { Stack } from "./stack.js";
import { writeNow } from "./write-later.js";

/** Does one act, whole or not at all; null, or why it was refused, in the real tool's words. */
export function plumb(s: Stack, act: Act): ActResult {
  if ("ns" in act) writeNow(s, act.ns);
  return plumbFirst(s, act);
}

/** As `plumb`, but what waits for the namespace goes on waiting: for those whose acts do not bear on it. */
export function plumbFirst(s: Stack, act: Act): ActResult {
  switch (act.verb) {
    case "netns-add":
      return addNamespace(s, act);
    case "netns-del":
      return deleteNamespace(s, act);
    case "link-add":
      return addLink(s, act);
    case "link-set":
      return setLink(s, act);
    case "link-del":
      return deleteLink(s, act);
    case "neigh-add":
    case "neigh-replace":
    case "neigh-del":
      return changeNeighbour(s, act);
    case "fdb-append":
    case "fdb-add":
    case "fdb-replace":
    case "fdb-del":
      return changeFdb(s, act);
    case "addr-add":
    case "addr-del":
    case "addr-replace":
      return changeAddress(s, act);
    case "addr-flush":
      return flushAddresses(s, act);
    case "route-add":
    case "route-replace":
    case "route-append":
    case "route-del":
      return changeRoute(s, act);
    case "route-flush":
      return flushRoutes(s, act);
    case "rule-add":
    case "rule-del":
      return changeRule(s, act);
    case "conntrack-delete":
      return deleteConntrack(s, act);
    case "nft":
      return changeNft(s, act);
    case "nft-table":
      return setNftTable(s, act);
    case "iptables":
      return changeIptables(s, act);
    case "iptables-restore":
      return restoreIptables(s, act);
    case "ipset":
      return changeIpset(s, act);
    case "qdisc-add":
      return addQdisc(s, act);
    case "qdisc-del":
      return deleteQdisc(s, act);
    case "wg-set":
      return setWireguard(s, act);
    case "ipvs":
      return changeIpvs(s, act);
    case "sysctl":
      return setSysctl(s, act);
    default:
      return { errno: "EOPNOTSUPP", message: `not modelled: ${(act as Act).verb}` };
  }
}
