/**
 * The interface of the real tools to a simulated machine: a command line in, what the tool prints and its exit code out.
 * Nothing here takes time but what takes it on a real machine (`ping`, `arping`, `traceroute`).
 */
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
import { splitWords } from "./words.js";

/** A prompt in one namespace of one machine. */
export class Shell {
  private readonly place: Place;

  /**
   * @param ns namespace the commands run in
   * @param home root namespace of the machine; `ip netns` knows the others of its node by their names
   */
  constructor(s: Stack, ns: number, home: number = ns) {
    this.place = { s, ns, home };
  }

  /** Runs one line; `stdin` is what a here-document would feed. Exit code 127: no such command; 2 with `notModelled`: a real one beyond the simulation. */
  run(line: string, stdin = ""): Output {
    const words = splitWords(line);
    return words === null ? failed(2, "unexpected EOF while looking for matching quote") : this.runWords(words, stdin);
  }

  /** The same, of words that are split already. */
  runWords(words: readonly string[], stdin = ""): Output {
    try {
      return runTool(this.place, words, stdin);
    } catch (fault) {
      if (fault instanceof Ended) return failed(fault.code, fault.text);
      if (fault instanceof NotModelled) return { text: fault.message, code: 2, notModelled: true };
      throw fault;
    }
  }
}

function runTool(place: Place, words: readonly string[], stdin: string): Output {
  writeNow(place.s, place.ns);
  const [name = "", ...rest] = words;
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
    case "echo":
      return said(rest.join(" "));
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
