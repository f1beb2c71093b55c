/**
 * Acts as the commands a person would type: the other direction of shell/, rendered when someone reads it.
 *
 * An act names namespaces by row. Rows are used again after a namespace has gone, so a list of acts is read from its first,
 * and `NamespaceNames` follows who is who.
 */
import type { Act } from "../linux/plumbing/act.js";
import { ipvsCommand } from "./transcript-ipvs.js";
import { addressCommand, fdbCommand, linkAddCommands, linkDelCommand, linkSetCommands, neighbourCommand, qdiscCommands, wireguardCommands } from "./transcript-link.js";
import { routeCommand, routeFlushCommand, ruleCommand } from "./transcript-route.js";
import { conntrackCommands, ipsetCommand, iptablesCommand, nftCommand, nftTableCommand, restoreCommand, sysctlCommand } from "./transcript-tables.js";
import { formatTyped, type NamespaceWords, type TypedCommand } from "./transcript-words.js";

export { formatTyped, type NamespaceWords, type TypedCommand } from "./transcript-words.js";

/** The commands that stand for one act: mostly one; two where the tools need two. */
export function commandsOf(act: Act, at: NamespaceWords): readonly TypedCommand[] {
  switch (act.verb) {
    case "netns-add":
      return [{ words: ["ip", "netns", "add", act.name] }];
    case "netns-del":
      return [{ words: ["ip", "netns", "del", at.nameOf(act.ns)] }];
    case "link-add":
      return linkAddCommands(act, at);
    case "link-set":
      return linkSetCommands(act, at);
    case "link-del":
      return [linkDelCommand(act, at)];
    case "addr-add":
    case "addr-del":
    case "addr-replace":
    case "addr-flush":
      return [addressCommand(act, at)];
    case "route-add":
    case "route-replace":
    case "route-append":
    case "route-del":
      return [routeCommand(act, at)];
    case "route-flush":
      return [routeFlushCommand(act, at)];
    case "rule-add":
    case "rule-del":
      return [ruleCommand(act, at)];
    case "neigh-add":
    case "neigh-replace":
    case "neigh-del":
      return [neighbourCommand(act, at)];
    case "fdb-append":
    case "fdb-add":
    case "fdb-replace":
    case "fdb-del":
      return [fdbCommand(act, at)];
    case "qdisc-add":
    case "qdisc-del":
      return qdiscCommands(act, at);
    case "wg-set":
      return wireguardCommands(act, at);
    case "sysctl":
      return [sysctlCommand(act, at)];
    case "iptables":
      return [iptablesCommand(act, at)];
    case "iptables-restore":
      return [restoreCommand(act, at)];
    case "ipset":
      return [ipsetCommand(act, at)];
    case "conntrack-delete":
      return conntrackCommands(act, at);
    case "nft":
      return [nftCommand(act, at)];
    case "nft-table":
      return [nftTableCommand(act, at)];
    case "ipvs":
      return [ipvsCommand(act, at)];
  }
}

/** Which row is which namespace while a list of acts is gone through. */
export class NamespaceNames implements NamespaceWords {
  private readonly names: Map<number, string>;
  private awaited: string | null = null;

  /** @param known rows that are there before the first act; "" is the root namespace */
  constructor(
    known: ReadonlyMap<number, string>,
    private readonly called: (name: string) => string = (name) => name,
  ) {
    this.names = new Map(known);
  }

  /** Name of a row; "" for the root namespace. */
  nameOf(ns: number): string {
    return this.names.get(ns) ?? `netns-${ns}`;
  }

  /** To be called with each act before it is rendered: the first act in an unknown row is in the namespace made last. */
  meet(act: Act): void {
    if (act.verb === "netns-add") {
      this.awaited = this.called(act.name);
      return;
    }
    for (const ns of [act.ns, act.verb === "link-add" ? act.peer?.ns : act.verb === "link-set" ? act.netns : undefined]) {
      if (ns === undefined || this.names.has(ns) || this.awaited === null) continue;
      this.names.set(ns, this.awaited);
      this.awaited = null;
    }
  }

  /** To be called with each act after it is rendered. */
  leave(act: Act): void {
    if (act.verb === "netns-del") this.names.delete(act.ns);
  }
}

/** The acts done on a node, in order, as text to copy into its root prompt; `root` is the row of its root namespace. */
export function transcriptText(acts: readonly Act[], root: number): string {
  const names = new NamespaceNames(new Map([[root, ""]]));
  const lines: string[] = [];
  for (const act of acts) {
    names.meet(act);
    for (const command of commandsOf(act, names)) lines.push(formatTyped(command));
    names.leave(act);
  }
  return lines.map((line) => `${line}\n`).join("");
}
