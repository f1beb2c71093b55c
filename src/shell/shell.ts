/**
 * The interface of the real tools to a simulated machine: a command line in, what the tool prints and its exit code out.
 * Nothing here takes time but what takes it on a real machine (`ping`, `arping`, `traceroute`).
 */
import { HOUR, MINUTE, SECOND } from "../base/time.js";
import type { Stack } from "../linux/stack.js";
import { writeNow } from "../linux/write-later.js";
import { bridge } from "./bridge/bridge.js";
import { conntrack } from "./conntrack.js";
import { ip } from "./ip/ip.js";
import { ipset } from "./ipset.js";
import { ipvsadm } from "./ipvsadm/ipvsadm.js";
import { iptables } from "./iptables/iptables.js";
import { iptablesTool } from "./iptables/tool-of.js";
import { nft } from "./nft/nft.js";
import { modprobe } from "./modprobe.js";
import { Ended, failed, NotModelled, type Output, said } from "./output.js";
import { arping } from "./ping/arping.js";
import { ping } from "./ping/ping.js";
import { traceroute } from "./ping/traceroute.js";
import type { Place } from "./place.js";
import { ss } from "./ss/ss.js";
import { sysctl } from "./sysctl.js";
import { wg } from "./wg.js";
import { shCommands } from "./sh-script.js";
import { splitWords } from "./words.js";

/** A prompt in one namespace of one machine. */
export class Shell {
  private readonly place: Place;

  /**
   * @param ns namespace the commands run in
   * @param home root namespace of the machine; `ip netns` knows the others of its node by their names
   * @param more what the place has besides: a resolver, programs of its own, files
   */
  constructor(s: Stack, ns: number, home: number = ns, more: Pick<Place, "names" | "busybox" | "program" | "file"> = {}) {
    this.place = { s, ns, home, ...more };
  }

  /** Runs one line; `stdin` is what a here-document would feed. Exit code 127: no such command; 2 with `notModelled`: a real one beyond the simulation. */
  run(line: string, stdin = ""): Output {
    const words = splitWords(line);
    return words === null ? failed(2, "unexpected EOF while looking for matching quote") : this.runWords(words, stdin);
  }

  /** The same, of words that are split already. */
  runWords(words: readonly string[], stdin = ""): Output {
    return attempt(this.place, words, stdin);
  }
}

function runTool(place: Place, words: readonly string[], stdin: string): Output {
  writeNow(place.s, place.ns);
  const own = place.program?.(words) ?? null;
  if (own !== null) return own;
  const [typed = "", ...rest] = words;
  const name = typed.replace(/^(\/usr)?\/s?bin\//, "");
  const tables = iptablesTool(name);
  if (tables !== null) return iptables(place, tables, rest, stdin);
  switch (name) {
    case "ip":
      return ip(place, rest, (where, inner) => runTool(where, inner, stdin));
    case "bridge":
      return bridge(place, rest);
    case "ipset":
      return ipset(place, rest, stdin);
    case "conntrack":
      return conntrack(place, rest);
    case "ipvsadm":
      return ipvsadm(place, rest, stdin);
    case "ipvsadm-save":
      return ipvsadm(place, ["-S", ...rest], stdin);
    case "ipvsadm-restore":
      return ipvsadm(place, ["-R", ...rest], stdin);
    case "sysctl":
      return sysctl(place, rest);
    case "wg":
      return wg(place, rest, stdin);
    case "modprobe":
      return modprobe(place, rest);
    case "ping":
    case "ping6":
      return ping(place, rest, name === "ping6");
    case "arping":
      return arping(place, rest);
    case "traceroute":
    case "traceroute6":
      return traceroute(place, rest, name === "traceroute6");
    case "ss":
      return ss(place, rest);
    case "":
    case "true":
      return said("");
    case "false":
      return failed(1, "");
    case "echo":
      return said(rest.join(" "));
    case "sleep":
      return sleep(place, rest);
    case "cat":
      return cat(place, rest);
    case "sh":
    case "bash":
    case "ash":
      return sh(place, name, rest, stdin);
    case "nft":
      return nft(place, rest, stdin);
    case "bird":
    case "birdc":
    case "tcpdump":
      throw new NotModelled(name);
    default:
      return failed(127, `${name}: command not found`);
  }
}

/** Lets time pass; a duration may have its unit. */
function sleep({ s }: Place, words: readonly string[]): Output {
  const units: Readonly<Record<string, number>> = { "": SECOND, s: SECOND, m: MINUTE, h: HOUR };
  let total = 0;
  for (const word of words) {
    const found = /^(\d+(?:\.\d+)?)([smh]?)$/.exec(word);
    if (found === null) return failed(1, `sleep: invalid time interval '${word}'`);
    total += Number(found[1]) * units[found[2]!]!;
  }
  if (words.length === 0) return failed(1, "sleep: missing operand");
  s.engine.run(s.engine.now + Math.round(total));
  return said("");
}

function cat({ file }: Place, words: readonly string[]): Output {
  const texts: string[] = [];
  for (const path of words) {
    const text = file?.(path) ?? null;
    if (text === null) return failed(1, `cat: ${path}: No such file or directory`);
    texts.push(text);
  }
  return said(texts.join(""));
}

/** `sh -c SCRIPT`: what its commands print, one after the other, and the exit code of the last. */
function sh(place: Place, name: string, words: readonly string[], stdin: string): Output {
  const at = words.findIndex((word) => /^-[a-z]*c$/.test(word));
  if (at < 0 || words[at + 1] === undefined) throw new NotModelled(`${name} without -c`);
  const commands = shCommands(words[at + 1]!);
  if (commands === null) throw new NotModelled(`${name} -c with pipes, redirections or expansions`);
  let text = "";
  let code = 0;
  for (const command of commands) {
    if ((command.when === "success" && code !== 0) || (command.when === "failure" && code === 0)) continue;
    const split = splitWords(command.text);
    if (split === null) return failed(2, `${name}: syntax error: unterminated quoted string`);
    if (split[0] === "exit") return { text, code: split[1] === undefined ? code : Number(split[1]) & 255 };
    const done = attempt(place, split, stdin);
    if (done.notModelled === true) return done;
    text += done.text === "" || done.text.endsWith("\n") ? done.text : `${done.text}\n`;
    code = done.code;
  }
  return { text, code };
}

function attempt(place: Place, words: readonly string[], stdin: string): Output {
  try {
    return runTool(place, words, stdin);
  } catch (fault) {
    if (fault instanceof Ended) return failed(fault.code, fault.text);
    if (fault instanceof NotModelled) return { text: fault.message, code: 2, notModelled: true };
    throw fault;
  }
}
