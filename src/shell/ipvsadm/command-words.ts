/** Reads the words of one `ipvsadm` command. */
import { parseIPv4, parseIPv6 } from "../../base/ip.js";
import type { IpvsAct, IpvsService } from "../../linux/plumbing/ipvs-act.js";
import { Ended, NotModelled } from "../output.js";

/** What a command line says; null and empty where it says nothing. */
export interface IpvsCommand {
  letter: string;
  service: IpvsService | null;
  server: NonNullable<IpvsAct["server"]> | null;
  scheduler: string | null;
  /** s */
  persistent: number;
  netmask: string | null;
  schedFlags: readonly string[];
  set: NonNullable<IpvsAct["timeouts"]> | null;
  numeric: boolean;
  connections: boolean;
  stats: boolean;
  exact: boolean;
  timeouts: boolean;
}

const COMMANDS: Readonly<Record<string, string>> = Object.freeze({
  "-A": "-A", "--add-service": "-A", "-E": "-E", "--edit-service": "-E", "-D": "-D", "--delete-service": "-D", "-C": "-C", "--clear": "-C",
  "-R": "-R", "--restore": "-R", "-S": "-S", "--save": "-S", "-a": "-a", "--add-server": "-a", "-e": "-e", "--edit-server": "-e",
  "-d": "-d", "--delete-server": "-d", "-L": "-L", "-l": "-L", "--list": "-L", "-Z": "-Z", "--zero": "-Z", "--set": "--set",
});
const PROTOCOLS: Readonly<Record<string, "tcp" | "udp" | "sctp">> = Object.freeze({ "-t": "tcp", "--tcp-service": "tcp", "-u": "udp", "--udp-service": "udp", "--sctp-service": "sctp" });
const FORWARDING: Readonly<Record<string, NonNullable<NonNullable<IpvsAct["server"]>["forward"]>>> = Object.freeze({
  "-g": "route", "--gatewaying": "route", "-i": "tunnel", "--ipip": "tunnel", "-m": "masquerade", "--masquerading": "masquerade",
});
/** `-p` without a number */
const PERSISTENT = 300;
const TOO_MANY = "multiple commands specified";

const usage = (message: string): Ended => new Ended(2, message);

/** `A.B.C.D[:PORT]` or `[V6][:PORT]`; null where it is neither. */
function readEnd(text: string): { readonly addr: string; readonly port?: number } | null {
  const found = /^(?:\[([^\]]+)\]|([^:]+))(?::([0-9]+))?$/.exec(text);
  if (found === null) return null;
  const addr = found[1] ?? found[2]!;
  const known = found[1] === undefined ? parseIPv4(addr) !== null : parseIPv6(addr, new Int32Array(4));
  const port = found[3] === undefined ? undefined : Number(found[3]);
  return !known || (port ?? 0) > 65535 ? null : { addr, ...(port === undefined ? {} : { port }) };
}

/** "-Ln" is "-L -n". */
function separated(words: readonly string[]): string[] {
  return words.flatMap((word) => (/^-[A-Za-z]{2,}$/.test(word) ? [...word.slice(1)].map((letter) => `-${letter}`) : [word]));
}

export function readIpvsCommand(given: readonly string[]): IpvsCommand {
  const words = separated(given);
  const made: IpvsCommand = {
    letter: "", service: null, server: null, scheduler: null, persistent: 0, netmask: null, schedFlags: [], set: null,
    numeric: false, connections: false, stats: false, exact: false, timeouts: false,
  };
  let mark: number | null = null;
  let family: 4 | 6 = 4;
  let forward: (typeof FORWARDING)[string] | null = null;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const argument = (): string => words[++i] ?? fail(`option requires an argument -- '${word.replace(/^-+/, "")}'`);
    if (COMMANDS[word] !== undefined) {
      if (made.letter !== "") throw usage(TOO_MANY);
      made.letter = COMMANDS[word]!;
      if (made.letter === "--set") made.set = { tcp: number(argument()), tcpFin: number(argument()), udp: number(argument()) };
    } else if (PROTOCOLS[word] !== undefined) {
      const end = readEnd(argument()) ?? fail("illegal virtual server address[:port] specified");
      made.service = { protocol: PROTOCOLS[word]!, addr: end.addr, port: end.port ?? 0 };
    } else if (word === "-f" || word === "--fwmark-service") mark = number(argument());
    else if (word === "-6" || word === "--ipv6") family = 6;
    else if (word === "-s" || word === "--scheduler") made.scheduler = argument();
    else if (word === "-p" || word === "--persistent") made.persistent = /^[0-9]+$/.test(words[i + 1] ?? "") ? number(argument()) : PERSISTENT;
    else if (word === "-M" || word === "--netmask") made.netmask = argument();
    else if (word === "-b" || word === "--sched-flags") made.schedFlags = argument().split(",");
    else if (word === "-r" || word === "--real-server") made.server = { ...made.server, ...(readEnd(argument()) ?? fail("illegal real server address[:port] specified")) };
    else if (word === "-w" || word === "--weight") made.server = { addr: "", ...made.server, weight: number(argument()) };
    else if (FORWARDING[word] !== undefined) {
      if (forward !== null) throw usage("multiple 'packet-forwarding-method' options specified");
      forward = FORWARDING[word]!;
    }
    else if (word === "-n" || word === "--numeric") made.numeric = true;
    else if (word === "-c" || word === "--connection") made.connections = true;
    else if (word === "--stats") made.stats = true;
    else if (word === "--exact") made.exact = true;
    else if (word === "--timeout") made.timeouts = true;
    else if (word === "--sort") continue;
    else throw new NotModelled(`ipvsadm ${word}`);
  }
  if (mark !== null) made.service = { fwmark: mark, family };
  if (made.letter === "") throw usage("You need to supply a command");
  if (/^-[AEDaed]$/.test(made.letter) && made.service === null) throw usage(`You need to supply the 'service' option for the '${LONG[made.letter]}' command`);
  if (/^-[aed]$/.test(made.letter) && (made.server?.addr ?? "") === "") throw usage(`You need to supply the 'server-address' option for the '${LONG[made.letter]}' command`);
  // Without a word real servers are reached by direct routing.
  if ((made.letter === "-a" || made.letter === "-e") && made.server !== null) made.server = { ...made.server, forward: forward ?? "route" };
  return made;
}

const LONG: Readonly<Record<string, string>> = Object.freeze({ "-A": "add-service", "-E": "edit-service", "-D": "delete-service", "-a": "add-server", "-e": "edit-server", "-d": "delete-server" });

function fail(message: string): never {
  throw usage(message);
}

function number(text: string): number {
  if (!/^[0-9]+$/.test(text)) throw usage(`illegal number specified: ${text}`);
  return Number(text);
}
