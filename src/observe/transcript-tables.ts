/** Acts on rules, sets, flows and sysctls, as the commands of their tools. */
import type { RestoreDoc, RestoreRule } from "../linux/nf/restore-doc.js";
import { splitWords } from "../linux/nf/spec-words.js";
import type { ConntrackDelete, IpsetAct, IptablesAct, IptablesRestore, NftAct, SysctlSet } from "../linux/plumbing/act.js";
import type { NftTableAct } from "../linux/plumbing/nft-act.js";
import { nftActText } from "../linux/nf/nft/nft-table-text.js";
import { formatTransaction } from "../models/proxy/nftables/transaction.js";
import { execIn, type NamespaceWords, type TypedCommand } from "./transcript-words.js";

const LETTERS: Readonly<Record<IptablesAct["op"], string>> = Object.freeze({
  append: "-A", insert: "-I", delete: "-D", replace: "-R", check: "-C", flush: "-F", zero: "-Z", "new-chain": "-N", "delete-chain": "-X", policy: "-P", "rename-chain": "-E",
});

const given = (word: string, value: string | number | undefined): string[] => (value === undefined ? [] : [word, String(value)]);

const toolOf = (family: 4 | 6, flavour: "nft" | "legacy" | undefined): string => `ip${family === 6 ? "6" : ""}tables${flavour === "legacy" ? "-legacy" : ""}`;

export function iptablesCommand(act: IptablesAct, at: NamespaceWords): TypedCommand {
  const words = [
    toolOf(act.family, act.flavour), ...(act.table === "filter" ? [] : ["-t", act.table]), LETTERS[act.op], ...(act.chain === undefined ? [] : [act.chain]), ...(act.at === undefined ? [] : [String(act.at)]),
    ...(act.policy === undefined ? [] : [act.policy]), ...(act.to === undefined ? [] : [act.to]), ...(splitWords(act.spec ?? "") ?? []),
  ];
  return execIn(at, act.ns, words);
}

export function restoreCommand(act: IptablesRestore, at: NamespaceWords): TypedCommand {
  const words = [`${toolOf(act.family, act.flavour)}-restore`, ...(act.noflush === true ? ["--noflush"] : []), ...(act.counters === true ? ["--counters"] : [])];
  return execIn(at, act.ns, words, restoreText(act.doc));
}

const counts = (packets: number | undefined, bytes: number | undefined): string => `[${packets ?? 0}:${bytes ?? 0}]`;

/** What `iptables-restore` reads; a table cut short of its COMMIT stays so. */
export function restoreText(doc: RestoreDoc): string {
  const lines: string[] = [];
  for (const table of doc.tables) {
    lines.push(`*${table.name}`);
    for (const chain of table.chains) lines.push(`:${chain.name} ${chain.policy} ${counts(chain.packets, chain.bytes)}`);
    for (const rule of table.rules) lines.push(ruleLine(rule));
    for (const name of table.deletes ?? []) lines.push(`-X ${name}`);
    if (table.uncommitted !== true) lines.push("COMMIT");
  }
  return lines.map((line) => `${line}\n`).join("");
}

function ruleLine({ chain, op = "A", at, spec, packets, bytes }: RestoreRule): string {
  const counted = packets === undefined && bytes === undefined ? "" : `${counts(packets, bytes)} `;
  return `${counted}-${op} ${chain}${at === undefined ? "" : ` ${at}`}${spec === "" ? "" : ` ${spec}`}`;
}

/** One transaction on kube-proxy's table, the only one that models write with nft. */
export function nftCommand(act: NftAct, at: NamespaceWords): TypedCommand {
  return execIn(at, act.ns, ["nft", "-f", "-"], formatTransaction(act.family, act.commands));
}

export function ipsetCommand(act: IpsetAct, at: NamespaceWords): TypedCommand {
  const family = act.op === "create" && act.type?.startsWith("hash:") === true ? ["family", act.family === 6 ? "inet6" : "inet"] : [];
  const words = [
    "ipset", act.op, ...(act.name === undefined ? [] : [act.name]), ...(act.to === undefined ? [] : [act.to]), ...(act.type === undefined ? [] : [act.type]), ...(act.entry === undefined ? [] : [act.entry]),
    ...family, ...(act.options ?? []), ...(act.exist === true ? ["-exist"] : []),
  ];
  return execIn(at, act.ns, words);
}

/** A table as it shall be: what was there goes first. */
export function nftTableCommand(act: NftTableAct, at: NamespaceWords): TypedCommand {
  const name = `${act.family} ${act.name}`;
  const gone = `table ${name}\ndelete table ${name}\n`;
  return execIn(at, act.ns, ["nft", "-f", "-"], act.table === null ? `delete table ${name}\n` : `${gone}${nftActText(act)}\n`);
}

/** Without a family the tool looks at IPv4 alone, so both are asked unless the filter's addresses say which. */
export function conntrackCommands({ ns, filter }: ConntrackDelete, at: NamespaceWords): TypedCommand[] {
  const { family, proto, origSrc, origDst, replySrc, replyDst, sport, dport, dstNat, srcNat, mark } = filter;
  const words = [
    ...given("-p", proto), ...given("--orig-src", origSrc), ...given("--orig-dst", origDst), ...given("--reply-src", replySrc), ...given("--reply-dst", replyDst),
    ...given("--sport", sport), ...given("--dport", dport), ...given("--dst-nat", dstNat), ...given("--src-nat", srcNat), ...given("--mark", mark),
  ];
  if (words.length === 0 && family === undefined) return [execIn(at, ns, ["conntrack", "-F"])];
  const address = [origSrc, origDst, replySrc, replyDst, dstNat, srcNat].find((text) => text !== undefined);
  const families = family !== undefined ? [family] : address !== undefined ? [address.includes(":") ? 6 : 4] : [4, 6];
  return families.map((one) => execIn(at, ns, ["conntrack", "-D", "-f", one === 6 ? "ipv6" : "ipv4", ...words]));
}

export function sysctlCommand(act: SysctlSet, at: NamespaceWords): TypedCommand {
  return execIn(at, act.ns, ["sysctl", "-w", `${act.key}=${act.value}`]);
}
