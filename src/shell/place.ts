import { plumb } from "../linux/plumbing.js";
import type { Act } from "../linux/plumbing/act.js";
import { netnsByName } from "../linux/netns.js";
import type { Stack } from "../linux/stack.js";
import { Ended, failed, type Output, said } from "./output.js";

/** Where a command runs: a namespace of a machine. */
export interface Place {
  readonly s: Stack;
  /** namespace row */
  readonly ns: number;
  /** the machine's root namespace, which has no name in /run/netns */
  readonly home: number;
  /** names and addresses, where the place has a resolver */
  readonly names?: Names;
  /** its tools are busybox's */
  readonly busybox?: boolean;
  /** text of a file, null where there is none */
  readonly file?: (path: string) => string | null;
  /** runs what is a program of the place's own; null where it has none of that name */
  readonly program?: (words: readonly string[]) => Output | null;
}

/** A resolver: asking takes the time that its questions take. */
export interface Names {
  /** an address of a name, "" if it has none; family 0: the one that comes first */
  forward(name: string, family: 0 | 4 | 6): string;
  /** the name of an address, undefined if it has none */
  reverse(address: string): string | undefined;
}

/** Does an act; what the tool prints and its exit code if it is refused. iproute2 ends with 1 for what it finds out itself. */
export function act(place: Place, wanted: Act): Output {
  const refused = plumb(place.s, wanted);
  if (refused === null) return said("");
  const own = refused.message.startsWith("Cannot find device");
  return failed(own ? 1 : /^(Error: (argument|any valid|inet )|")/.test(refused.message) ? 255 : 2, refused.message);
}

/** The row of a named namespace of this machine; the command ends where there is none. */
export function namespaceOf(place: Place, name: string): number {
  const { s, home } = place;
  const ns = netnsByName(s, s.ns.c.node[home]!, name);
  if (ns === 0 || ns === home) throw new Ended(255, `Cannot open network namespace "${name}": No such file or directory`);
  return ns;
}

/** Names of the namespaces of this machine, the newest first as /run/netns lists them. */
export function namespaceNames(place: Place): string[] {
  const { s, home } = place;
  const node = s.ns.c.node[home]!;
  const rows = [...s.nsInfo].filter(([row]) => row !== home && s.ns.c.node[row] === node);
  return rows.map(([, info]) => info.name).reverse();
}
