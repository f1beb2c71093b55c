/** The columns of `ss`, as wide as what stands in them (render() of ss.c where its output is no terminal). */
interface Column {
  readonly head: string;
  readonly before: string;
  readonly right: boolean;
}

const COLUMNS: readonly Column[] = Object.freeze([
  { head: "Netid", before: "", right: false },
  { head: "State", before: " ", right: false },
  { head: "Recv-Q", before: " ", right: false },
  { head: "Send-Q", before: " ", right: false },
  { head: "Local Address:", before: " ", right: true },
  { head: "Port", before: "", right: false },
  { head: "Peer Address:", before: " ", right: true },
  { head: "Port", before: "", right: false },
  { head: "Process", before: "", right: false },
]);

/** Number of cells in a line. */
export type SocketLine = readonly [netid: string, state: string, received: string, sent: string, local: string, localPort: string, remote: string, remotePort: string, process: string];

export function socketTableText(lines: readonly SocketLine[], hidden: { readonly netid: boolean; readonly state: boolean; readonly head: boolean }): string {
  const columns = COLUMNS.map((column, i) => ({ ...column, i })).filter(({ i }) => !(i === 0 && hidden.netid) && !(i === 1 && hidden.state));
  const rows: (readonly string[])[] = [...(hidden.head ? [] : [COLUMNS.map(({ head }) => head)]), ...lines];
  const widths = columns.map(({ i, before }, place) => {
    const longest = Math.max(0, ...rows.map((row) => row[i]!.length));
    return longest === 0 || place === 0 ? longest : longest + before.length;
  });
  return rows
    .map((row) =>
      columns
        .map(({ i, before, right }, place) => {
          const lead = place === 0 ? "" : before;
          const free = Math.max(0, widths[place]! - row[i]!.length - lead.length);
          return right ? `${lead}${" ".repeat(free)}${row[i]!}` : `${lead}${row[i]!}${" ".repeat(free)}`;
        })
        .join(""),
    )
    .join("\n");
}
