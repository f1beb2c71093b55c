/** Corefiles: server blocks with their zones, and plugins with what they are told. Read first: the manual of CoreDNS, "Corefile explained". */

/** A plugin's line, and the lines in its braces. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly body: readonly Directive[];
}

/** One server: zones by name without dots at the ends ("" is the root), and plugins in their order. */
export interface ServerBlock {
  readonly zones: readonly { readonly zone: string; readonly port: number }[];
  readonly plugins: readonly Directive[];
}

const DNS_PORT = 53;

/** The server blocks of a text, or what is wrong with it. */
export function readCorefile(text: string): readonly ServerBlock[] | string {
  const lines = text.split("\n").map((line) => wordsOf(line)).filter((words) => words.length > 0);
  const { directives, rest } = directivesOf(lines);
  if (rest.length > 0) return "Corefile - Error during parsing: unexpected '}'";
  const blocks: ServerBlock[] = [];
  for (const { name, args, body } of directives) {
    const zones = [name, ...args].map((word) => word.replace(/,$/, "")).filter((word) => word !== "").map(zoneOf);
    const bad = zones.find(({ port }) => !Number.isInteger(port));
    if (bad !== undefined) return `Corefile - Error during parsing: invalid port in "${name}"`;
    blocks.push({ zones, plugins: body });
  }
  return blocks;
}

/** Words of a line; what is in quotes is one, a `#` before a word begins a comment. */
function wordsOf(line: string): readonly string[] {
  const words = line.match(/"[^"]*"|[^\s"]+/g) ?? [];
  const comment = words.findIndex((word) => word.startsWith("#"));
  return (comment < 0 ? words : words.slice(0, comment)).map((word) => word.replace(/^"(.*)"$/, "$1"));
}

type Lines = readonly (readonly string[])[];

/** Lines up to the brace that closes; `rest` begins with it. */
function directivesOf(lines: Lines): { readonly directives: readonly Directive[]; readonly rest: Lines } {
  const directives: Directive[] = [];
  let rest = lines;
  while (rest[0] !== undefined && rest[0][0] !== "}") {
    const [line, ...after] = rest as readonly (readonly string[])[];
    const opens = line![line!.length - 1] === "{";
    const [name = "", ...args] = opens ? line!.slice(0, -1) : line!;
    const inner = opens ? directivesOf(after) : { directives: [], rest: after };
    directives.push({ name, args, body: inner.directives });
    rest = opens ? inner.rest.slice(1) : inner.rest;
  }
  return { directives, rest };
}

/** `cluster.local:53`, `dns://.:53`, `.` */
function zoneOf(word: string): { readonly zone: string; readonly port: number } {
  const [, zone = "", port] = /^(?:dns:\/\/)?(.*?)(?::([^:]*))?$/.exec(word) ?? [];
  return { zone: zone.toLowerCase().replace(/^\./, "").replace(/\.$/, ""), port: port === undefined ? DNS_PORT : port === "" || !/^\d+$/.test(port) ? Number.NaN : Number(port) };
}
