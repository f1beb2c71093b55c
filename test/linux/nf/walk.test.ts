import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { deviceName } from "../../../src/linux/device.js";
import { restoreText } from "../../../src/linux/nf/restore.js";
import { saveTables } from "../../../src/linux/nf/save.js";
import { TABLE_NAMES } from "../../../src/linux/nf/table.js";
import type { IpsetAct } from "../../../src/linux/plumbing/act.js";
import { PACKET_META } from "../../../src/packet/columns.js";
import type { Packets } from "../../../src/packet/packets.js";
import { STEP } from "../../../src/trace/kinds.js";
import { carryOut, Lab } from "../lab.js";

// Random rules in every table and fifty injected packets each, recorded on the real kernel (6.18, iptables-legacy 1.8.9): the TRACE of
// every packet through every rule, and the counters of every rule and policy afterwards. Odd numbers are without a nat table;
// from 101 on the packets cross a bridge with br_netfilter on.
const folder = new URL("./recorded/walk/", import.meta.url);
const labs = readdirSync(folder).sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));

interface Command {
  readonly command: string;
  readonly input: string[];
  readonly said: string[];
}

function read(name: string): Command[] {
  const all: Command[] = [];
  for (const line of readFileSync(new URL(name, folder), "utf8").split("\n")) {
    if (line.startsWith("$ ")) all.push({ command: line.slice(2), input: [], said: [] });
    else if (line.startsWith("< ")) all.at(-1)!.input.push(line.slice(2));
    else if (line !== "") all.at(-1)!.said.push(line);
  }
  return all;
}

/** A lab that prints what the legacy TRACE target prints. */
class Traced {
  readonly lab = new Lab();
  readonly lines: string[] = [];

  constructor() {
    const s = this.lab.stack;
    const now = { p: 0 };
    s.snapshots = { copyFrom: (_from: Packets, p: number) => (now.p = p) } as unknown as Packets;
    const kinds = [STEP.RULE, STEP.CHAIN_RETURN, STEP.CHAIN_POLICY];
    s.trace = {
      step: (_time, kind, _packet, _ns, dev, a, b) => {
        const c = s.packets.c;
        if (!kinds.includes(kind) || (c.meta[now.p]! & PACKET_META.NF_TRACE) === 0) return;
        const place = s.nf.places.get(a)!;
        const name = (row: number): string => (row === 0 ? "-" : deviceName(s, row));
        const mark = `0x${(c.mark[now.p]! >>> 0).toString(16)}`;
        this.lines.push(`n ${TABLE_NAMES[place.table]}:${place.chain}:${place.label}:${place.number} in=${name(dev)} out=${name(b)} mark=${mark}`);
      },
    };
    s.op.localDeliver = this.lab.toSockets;
  }

  /** What is said to a command, null where nothing is compared. */
  answer({ command, input }: Command): string[] | null {
    const s = this.lab.stack;
    const words = command.split(" ");
    if (command === "traced") return this.lines;
    if (words[0] === "trace") return null;
    if (command.includes(" ipset ")) {
      const [op, name, ...rest] = words.slice(5) as [IpsetAct["op"], string, ...string[]];
      const act = { verb: "ipset", ns: this.lab.ns("n"), op, name } as const;
      this.lab.act(op === "create" ? { ...act, type: rest[0]! } : { ...act, entry: rest[0]!, options: rest.slice(1) });
    } else if (command.includes("-restore")) expect(restoreText(s, this.lab.ns("n"), 4, `${input.join("\n")}\n`, { noflush: false, counters: false, flavour: "legacy" })).toBeNull();
    else if (command.includes("-save -c")) return saveTables(s, this.lab.ns("n"), 4, { counters: true, flavour: "legacy" }).trimEnd().split("\n");
    else if (words[3] === "route") this.lab.act({ verb: "route-add", ns: this.lab.ns("n"), dst: words[5]!, via: words[7]! });
    else return carryOut(this.lab, command);
    return null;
  }
}

describe("packets meet the rules that they meet in the kernel", () => {
  test.each(labs)("%s", (name) => {
    const traced = new Traced();
    for (const command of read(name)) {
      const said = traced.answer(command);
      if (said !== null) expect(said).toEqual(command.said);
    }
  });
});
