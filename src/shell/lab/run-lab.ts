/**
 * Runs a lab script on simulated kernels and prints what `runlab.py` prints after running it on real ones. Commands take no
 * time; `sleep`, probes, `ping` and `inject` take theirs.
 */
import { AddressBook } from "../../base/address-book.js";
import { CauseTable } from "../../base/causes.js";
import { Engine } from "../../engine/engine.js";
import { Streams } from "../../engine/rng.js";
import { createStack } from "../../linux/boot.js";
import { addNetns } from "../../linux/netns.js";
import { plumb } from "../../linux/plumbing.js";
import type { Stack } from "../../linux/stack.js";
import { Packets } from "../../packet/packets.js";
import { Payloads } from "../../packet/payload.js";
import { Shell } from "../shell.js";
import { SHELL_PROGRAMS } from "../shell-programs.js";
import { splitWords } from "../words.js";
import { isBuiltin, LabBuiltins } from "./builtins.js";
import { type LabCommand, readScript } from "./script.js";

/** What was printed, and how it ended: 0, or 2 with the problem on standard error (`FILE:LINE: ...`). */
export interface LabResult {
  readonly output: string;
  readonly exit: number;
  readonly problem?: string;
}

/** The namespace `-` of a lab: the root one of its machine. */
const ROOT = "-";
const MACHINE = 1;
/** Commands that a lab may hold beside the built-ins. */
const ALLOWED = /^(ip|bridge|iptables(-legacy|-nft)?(-save|-restore)?|ip6tables(-legacy|-nft)?(-save|-restore)?|ipset|nft|conntrack|sysctl|ping|arping|traceroute|ss|true|echo)$/;

/** Runs `text`; `name` is what problems call it. */
export function runLab(text: string, name: string, seed = 1): LabResult {
  const s = makeStack(seed);
  const root = addNetns(s, MACHINE, ROOT);
  plumb(s, { verb: "link-set", ns: root, name: "lo", up: true });
  const shell = new Shell(s, root);
  const builtins = new LabBuiltins(s, root, MACHINE);
  let output = "";
  for (const command of readScript(text)) {
    output += `$ ${command.text}\n`;
    const done = runCommand(command, shell, builtins);
    if (typeof done === "string") return { output, exit: 2, problem: `${name}:${command.line}: ${done}` };
    const said = done.text.replace(/\n+$/, "");
    if (said !== "") output += `${said}\n`;
    if (done.code !== 0) output += `[exit ${done.code}]\n`;
  }
  return { output, exit: 0 };
}

function makeStack(seed: number): Stack {
  return createStack({
    engine: new Engine(seed),
    streams: new Streams(seed),
    book: new AddressBook(),
    causes: new CauseTable(),
    packets: new Packets(),
    payloads: new Payloads(),
    programs: SHELL_PROGRAMS,
  });
}

/** What a command printed; a string where the lab cannot go on. */
function runCommand(command: LabCommand, shell: Shell, builtins: LabBuiltins): { readonly text: string; readonly code: number } | string {
  const words = splitWords(command.text);
  if (words === null) return "No closing quotation";
  const [first = ""] = words;
  if (isBuiltin(first)) return builtins.run(words, command.stdin ?? "");
  if (!ALLOWED.test(first)) return `'${first}' is not a lab command`;
  const done = shell.runWords(words, command.stdin ?? "");
  return done.notModelled === true ? done.text : done;
}
