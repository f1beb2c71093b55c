/** `ss` of iproute2 6.1: TCP and UDP sockets, their states and programs. Sockets of other kinds do not exist here. */
import { Ended, NotModelled, type Output, said } from "../output.js";
import { namespaceOf, type Place } from "../place.js";
import { serviceName } from "../service-names.js";
import { readSocketFilter, USAGE } from "./socket-filter.js";
import { addressColumn, type ListedSocket, socketsOf } from "./socket-list.js";
import { type SocketLine, socketTableText } from "./socket-table-text.js";

interface Options {
  place: Place;
  tcp: boolean;
  udp: boolean;
  /** raw, Unix and other sockets were asked for, of which there are none */
  other: number;
  all: boolean;
  listening: boolean;
  numeric: boolean;
  processes: boolean;
  header: boolean;
  summary: boolean;
  family: 0 | 4 | 6;
  filter: readonly string[];
}

const LONG: Readonly<Record<string, string>> = Object.freeze({
  "--numeric": "n", "--all": "a", "--listening": "l", "--processes": "p", "--tcp": "t", "--udp": "u", "--raw": "w", "--unix": "x", "--sctp": "S", "--dccp": "d", "--mptcp": "M", "--packet": "0", "--ipv4": "4", "--ipv6": "6",
  "--no-header": "H", "--summary": "s", "--oneline": "O", "--version": "V", "--options": "o", "--extended": "e", "--memory": "m", "--info": "i", "--resolve": "r", "--kill": "K", "--net": "N", "--family": "f", "--query": "A", "--socket": "A",
});
/** SS_CONN: what is shown without -a, -l and a state */
const CONNECTED: readonly string[] = ["ESTAB", "SYN-SENT", "FIN-WAIT-1", "FIN-WAIT-2", "CLOSE-WAIT", "LAST-ACK", "CLOSING"];

function readOptions(place: Place, words: readonly string[]): Options | Output {
  const made: Options = { place, tcp: false, udp: false, other: 0, all: false, listening: false, numeric: false, processes: false, header: true, summary: false, family: 0, filter: [] };
  let at = 0;
  for (; at < words.length && /^-./.test(words[at]!); at++) {
    const [name = "", value] = words[at]!.split("=");
    const long = name.startsWith("--");
    const letters = long ? LONG[name] : words[at]!.slice(1);
    if (letters === undefined) throw new Ended(255, `ss: unrecognized option '${words[at]!}'\n${USAGE}`);
    for (let k = 0; k < letters.length; k++) {
      const letter = letters[k]!;
      const argument = (): string => {
        const joined = long ? value : letters.slice(k + 1);
        k = letters.length;
        return joined !== undefined && joined !== "" ? joined : (words[++at] ?? "");
      };
      if (letter === "V") return said("ss utility, iproute2-6.1.0");
      if (letter === "h") return said(USAGE);
      if (letter === "t") made.tcp = true;
      else if (letter === "u") made.udp = true;
      else if ("wxSdM0".includes(letter)) made.other++;
      else if (letter === "a") made.all = true;
      else if (letter === "l") made.listening = true;
      else if (letter === "n") made.numeric = true;
      else if (letter === "p") made.processes = true;
      else if (letter === "H") made.header = false;
      else if (letter === "s") made.summary = true;
      else if (letter === "4" || letter === "6") made.family = letter === "4" ? 4 : 6;
      else if (letter === "O") continue;
      else if (letter === "N") made.place = { ...place, ns: namespaceOf(place, argument()) };
      else if (letter === "f") made.family = argument() === "inet6" ? 6 : 4;
      else if (letter === "A") chooseKinds(made, argument());
      else if ("roemiKETZzbDF".includes(letter)) throw new NotModelled(`ss -${letter}`);
      else throw new Ended(255, `ss: invalid option -- '${letter}'\n${USAGE}`);
    }
  }
  return { ...made, filter: words.slice(at) };
}

function chooseKinds(made: Options, list: string): void {
  for (const kind of list.split(",")) {
    if (kind === "tcp" || kind === "inet" || kind === "all") made.tcp = true;
    if (kind === "udp" || kind === "inet" || kind === "all") made.udp = true;
    if (!["tcp", "udp"].includes(kind)) made.other++;
  }
}

export function ss(place: Place, words: readonly string[]): Output {
  const options = readOptions(place, words);
  if ("text" in options) return options;
  const { s, ns } = options.place;
  if (options.summary) return said(summary(options));
  const filter = readSocketFilter(s, options.filter);
  const everything = !options.tcp && !options.udp && options.other === 0;
  const states = filter.states ?? null;
  const wanted = (one: ListedSocket): boolean => {
    if (options.family !== 0 && one.family !== options.family) return false;
    if (states !== null) return states.includes(one.state);
    if (options.all) return true;
    if (options.listening) return one.state === "LISTEN" || one.state === "UNCONN";
    return CONNECTED.includes(one.state);
  };
  const shown = [...(everything || options.udp ? socketsOf(s, ns, "udp") : []), ...(everything || options.tcp ? socketsOf(s, ns, "tcp") : [])].filter((one) => wanted(one) && filter.test(one));
  const kinds = Number(options.tcp) + Number(options.udp) + options.other;
  const oneState = states !== null && new Set(states).size === 1;
  return said(socketTableText(shown.map((one) => lineOf(options, one)), { netid: kinds === 1, state: oneState, head: !options.header }));
}

function lineOf({ place: { s }, numeric, processes }: Options, one: ListedSocket): SocketLine {
  const port = (number: number): string => (number === 0 ? "*" : numeric ? String(number) : serviceName(number, one.protocol));
  const queue = (bytes: number): string => String(bytes).padEnd(6);
  const user = processes && one.user !== "" ? ` users:(${one.user})` : "";
  return [one.protocol, one.state, queue(one.received), queue(one.sent), `${addressColumn(s, one, one.local)}:`, port(one.localPort), `${addressColumn(s, one, one.remote)}:`, port(one.remotePort), user];
}

/** `-s`: counts of sockets; those of other kinds than TCP and UDP are none. */
function summary({ place: { s, ns } }: Options): string {
  const [tcp, udp] = [socketsOf(s, ns, "tcp"), socketsOf(s, ns, "udp")];
  const of = (list: readonly ListedSocket[], family: 4 | 6): number => list.filter((one) => one.family === family).length;
  const state = (word: string): number => tcp.filter((one) => one.state === word).length;
  const waiting = state("TIME-WAIT");
  const open = tcp.filter((one) => one.state !== "TIME-WAIT");
  const line = (name: string, a: number, b: number, c: number): string => `${name}\t  ${String(a).padEnd(9)} ${String(b).padEnd(9)} ${String(c).padEnd(9)}`;
  return [
    `Total: ${open.length + udp.length}`,
    `TCP:   ${tcp.length} (estab ${state("ESTAB")}, closed ${waiting}, orphaned 0, timewait ${waiting})`,
    "",
    "Transport Total     IP        IPv6",
    line("RAW", 0, 0, 0),
    line("UDP", udp.length, of(udp, 4), of(udp, 6)),
    line("TCP", open.length, of(open, 4), of(open, 6)),
    line("INET", udp.length + open.length, of(udp, 4) + of(open, 4), of(udp, 6) + of(open, 6)),
    line("FRAG", 0, 0, 0),
  ].join("\n");
}
