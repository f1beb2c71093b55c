/** A command as a person types it: its words, and what a here-document feeds it. */
export interface TypedCommand {
  readonly words: readonly string[];
  readonly stdin?: string;
}

/** Whose prompt the command stands at, and what other namespaces are called there. */
export interface NamespaceWords {
  /** name of a namespace row in /run/netns, or "" for the root namespace of the machine */
  nameOf(ns: number): string;
}

/** Process 1 lives in the root namespace, which has no name of its own. */
const ROOT_NETNS = "1";

/** `netns NAME` of `ip link`, where the root namespace goes by its first process. */
export function netnsWord(at: NamespaceWords, ns: number): string {
  const name = at.nameOf(ns);
  return name === "" ? ROOT_NETNS : name;
}

/** `ip [-n NS] ...` or `bridge [-n NS] ...`. */
export function inNetns(tool: "ip" | "bridge", at: NamespaceWords, ns: number, words: readonly string[], v6 = false): TypedCommand {
  const name = at.nameOf(ns);
  return { words: [tool, ...(name === "" ? [] : ["-n", name]), ...(v6 ? ["-6"] : []), ...words] };
}

/** A tool that knows no namespaces: `ip netns exec NS ...`, or the tool alone. */
export function execIn(at: NamespaceWords, ns: number, words: readonly string[], stdin?: string): TypedCommand {
  const name = at.nameOf(ns);
  return { words: [...(name === "" ? [] : ["ip", "netns", "exec", name]), ...words], ...(stdin === undefined ? {} : { stdin }) };
}

/** A word as sh takes it back. */
function quoted(word: string): string {
  if (/^[\w@%+=:,./!-]+$/.test(word)) return word;
  if (!/["\\$`!]/.test(word)) return `"${word}"`;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** The text to copy: one line, with a here-document where the command is fed. */
export function formatTyped({ words, stdin }: TypedCommand): string {
  const line = words.map(quoted).join(" ");
  return stdin === undefined ? line : `${line} <<'EOF'\n${stdin.endsWith("\n") ? stdin : `${stdin}\n`}EOF`;
}
