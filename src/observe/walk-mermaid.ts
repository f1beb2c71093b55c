/** A walk as a Mermaid sequence diagram: a participant for each machine and pod that the packet met, a message for each move. */
import { sequenceText } from "./diagram-text.js";
import { hopLines, packetText } from "./narrate.js";
import type { Hop, Path, Walk } from "./walk-record.js";

const placeOf = ({ node, netns }: Pick<Hop, "node" | "netns">): string => (node === netns ? node : `${netns} on ${node}`);

/** Lines of a diagram being drawn, and who takes part so far. */
class Drawing {
  readonly lines: string[] = [];
  private readonly places = new Map<string, string>();

  participant(hop: Pick<Hop, "node" | "netns">): string {
    const place = placeOf(hop);
    const known = this.places.get(place);
    if (known !== undefined) return known;
    const id = `p${this.places.size}`;
    this.places.set(place, id);
    return id;
  }

  note(over: string, text: string): void {
    this.lines.push(`  Note over ${over}: ${sequenceText(text)}`);
  }

  text(title: string): string {
    const parts = [...this.places].map(([place, id]) => `  participant ${id} as ${sequenceText(place)}`);
    return `${["sequenceDiagram", `  title ${sequenceText(title)}`, ...parts, ...this.lines].join("\n")}\n`;
  }
}

function draw(drawing: Drawing, path: Path, arrow: "->>" | "-->>"): void {
  let at: string | null = null;
  let open: string[] = [];
  const flush = (): void => {
    if (at !== null && open.length > 0) drawing.note(at, open.join("\n"));
    open = [];
  };
  for (const hop of path.hops) {
    const here = drawing.participant(hop);
    if (here !== at) {
      flush();
      if (at !== null) drawing.lines.push(`  ${at}${arrow}${here}: ${sequenceText(packetText(hop.packet))}`);
      at = here;
    }
    open.push(...hopLines(hop));
  }
  flush();
  if (at !== null && path.end.result === "dropped") drawing.lines.push(`  ${at}-x${at}: ${sequenceText(`${path.end.reason}, ${path.end.meaning}`)}`);
}

/** The whole walk; questions for names are one message and one answer each. */
export function walkMermaid(walk: Walk): string {
  const drawing = new Drawing();
  for (const { name, type, rcode, addresses, query } of walk.lookups) {
    const [first] = query.hops;
    if (first === undefined) continue;
    const from = drawing.participant(first);
    const to = drawing.participant(query.hops.at(-1)!);
    drawing.lines.push(`  ${from}->>${to}: ${sequenceText(`${type} ${name}?`)}`);
    if (rcode !== "") drawing.lines.push(`  ${to}-->>${from}: ${sequenceText(addresses.length > 0 ? addresses.join(", ") : rcode)}`);
    else drawing.lines.push(`  ${to}-x${from}: ${sequenceText(query.end.result === "dropped" ? query.end.reason : "no answer")}`);
  }
  if (walk.hops.length > 0) draw(drawing, { packet: walk.hops[0]!.packet, hops: walk.hops, end: walk.end }, "->>");
  if (walk.reply !== undefined) draw(drawing, walk.reply, "-->>");
  const what = walk.protocol === "icmp" ? "icmp" : `${walk.protocol}/${walk.port}`;
  return drawing.text(`${walk.from.name} to ${walk.to.asked} ${what}: ${walk.verdict}`);
}
