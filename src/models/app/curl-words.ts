/** The command line of curl 7.88.1: the options that matter to HTTP without TLS. */
import { SECOND } from "../../base/time.js";

export interface CurlWords {
  readonly urls: readonly string[];
  readonly silent: boolean;
  readonly showError: boolean;
  readonly verbose: boolean;
  readonly include: boolean;
  readonly head: boolean;
  readonly fail: boolean;
  /** file of `-o`, "" for standard output */
  readonly out: string;
  readonly writeOut: string;
  /** "" : by what else was said */
  readonly method: string;
  readonly data: string | null;
  readonly headers: readonly string[];
  readonly agent: string;
  readonly family: 0 | 4 | 6;
  /** ns, 0: none */
  readonly maxTime: number;
  readonly connectTimeout: number;
}

/** What ends curl before it begins: its words and exit code. */
export interface CurlRefusal {
  readonly text: string;
  readonly code: number;
}

const LONG: Readonly<Record<string, string>> = Object.freeze({
  "--silent": "s", "--show-error": "S", "--verbose": "v", "--include": "i", "--head": "I", "--fail": "f", "--output": "o", "--write-out": "w", "--request": "X", "--data": "d", "--data-raw": "d", "--data-ascii": "d", "--header": "H", "--user-agent": "A", "--ipv4": "4", "--ipv6": "6",
  "--max-time": "m", "--connect-timeout": "c", "--location": "L", "--globoff": "g", "--http1.1": "1", "--url": "u", "--no-progress-meter": "s", "--no-buffer": "N", "--insecure": "k", "--version": "V", "--get": "G", "--no-keepalive": "1",
});
const VALUED = "owXdHAmcu";
const FLAGS = "sSviIfL46gN1";
const TRY = "curl: try 'curl --help' or 'curl --manual' for more information";
export const CURL_AGENT = "curl/7.88.1";

export function readCurl(words: readonly string[]): CurlWords | CurlRefusal {
  const made = { urls: [] as string[], silent: false, showError: false, verbose: false, include: false, head: false, fail: false, out: "", writeOut: "", method: "", data: null as string | null, headers: [] as string[], agent: CURL_AGENT, family: 0 as 0 | 4 | 6, maxTime: 0, connectTimeout: 0 };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith("-") || word === "-") {
      made.urls.push(word);
      continue;
    }
    const [name = "", joined] = word.startsWith("--") ? [word, undefined] : ["", word.slice(1)];
    const letters = joined ?? LONG[name] ?? "";
    if (letters === "") return { text: `curl: option ${word}: is unknown\n${TRY}`, code: 2 };
    for (let k = 0; k < letters.length; k++) {
      const letter = letters[k]!;
      if (letter === "V" && made.urls.length === 0) return { text: "curl 7.88.1 (x86_64-pc-linux-gnu) libcurl/7.88.1", code: 0 };
      if (letter === "k" || letter === "G") return { text: `curl ${name === "" ? `-${letter}` : name}: not modelled`, code: 2 };
      if (FLAGS.includes(letter)) flag(made, letter);
      else if (VALUED.includes(letter) && !(letter === "u" && name === "") && !(letter === "c" && name === "")) {
        const rest = letters.slice(k + 1);
        const value = rest !== "" ? rest : words[++i];
        if (value === undefined) return { text: `curl: option ${word}: requires parameter\n${TRY}`, code: 2 };
        const refused = option(made, letter, value, name === "" ? `-${letter}` : name);
        if (refused !== null) return refused;
        break;
      } else return /[a-zA-Z0-9#:]/.test(letter) ? { text: `curl -${letter}: not modelled`, code: 2 } : { text: `curl: option ${word}: is unknown\n${TRY}`, code: 2 };
    }
  }
  if (made.urls.length === 0) return words.length === 0 ? { text: TRY, code: 2 } : { text: `curl: no URL specified!\n${TRY}`, code: 2 };
  return made;
}

interface Open {
  urls: string[];
  silent: boolean;
  showError: boolean;
  verbose: boolean;
  include: boolean;
  head: boolean;
  fail: boolean;
  out: string;
  writeOut: string;
  method: string;
  data: string | null;
  headers: string[];
  agent: string;
  family: 0 | 4 | 6;
  maxTime: number;
  connectTimeout: number;
}

function flag(made: Open, letter: string): void {
  if (letter === "s") made.silent = true;
  else if (letter === "S") made.showError = true;
  else if (letter === "v") made.verbose = true;
  else if (letter === "i") made.include = true;
  else if (letter === "I") made.head = made.include = true;
  else if (letter === "f") made.fail = true;
  else if (letter === "4" || letter === "6") made.family = letter === "4" ? 4 : 6;
}

function option(made: Open, letter: string, value: string, name: string): CurlRefusal | null {
  if (letter === "o") made.out = value;
  else if (letter === "w") made.writeOut = value;
  else if (letter === "X") made.method = value;
  else if (letter === "d") made.data = made.data === null ? value : `${made.data}&${value}`;
  else if (letter === "H") made.headers.push(value);
  else if (letter === "A") made.agent = value;
  else if (letter === "u") made.urls.push(value);
  else {
    if (!/^\d+(\.\d+)?$/.test(value)) return { text: `curl: option ${name}: expected a proper numerical parameter\n${TRY}`, code: 2 };
    const ns = Math.round(Number(value) * SECOND);
    if (letter === "m") made.maxTime = ns;
    else made.connectTimeout = ns;
  }
  return null;
}

/** A URL in its parts, or why it is none. */
export interface CurlUrl {
  readonly scheme: string;
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** as %{url_effective} gives it */
  readonly effective: string;
}

const PORTS: Readonly<Record<string, number>> = Object.freeze({ http: 80, https: 443, ftp: 21, telnet: 23, ws: 80 });
const KNOWN: readonly string[] = ["https", "ftp", "ftps", "telnet", "file", "dict", "ldap", "tftp", "gopher", "imap", "smtp", "pop3", "mqtt", "rtsp", "scp", "sftp", "smb"];

export function readCurlUrl(text: string): CurlUrl | CurlRefusal {
  const found = /^(?:([a-zA-Z][\w+.-]*):\/\/)?(?:[^@/]*@)?(\[[^\]]+\]|[^:/?#\s]+)(?::(\d*))?([/?#].*)?$/.exec(text);
  const port = found?.[3] === undefined || found[3] === "" ? null : Number(found[3]);
  if (found === null || (port !== null && port > 65535)) return { text: "curl: (3) URL using bad/illegal format or missing URL", code: 3 };
  const scheme = (found[1] ?? "http").toLowerCase();
  if (scheme !== "http" && !KNOWN.includes(scheme)) return { text: `curl: (1) Protocol "${scheme}" not supported or disabled in libcurl`, code: 1 };
  if (scheme !== "http") return { text: `curl ${scheme}: not modelled`, code: 2 };
  const path = found[4] === undefined ? "/" : found[4].startsWith("/") ? found[4].split("#")[0]! : `/${found[4].split("#")[0]!}`;
  return { scheme, host: found[2]!.replace(/^\[|\]$/g, ""), port: port ?? PORTS[scheme]!, path, effective: `${scheme}://${found[2]!}${found[3] === undefined ? "" : `:${found[3]}`}${path}` };
}
