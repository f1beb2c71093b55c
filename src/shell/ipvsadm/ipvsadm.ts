/** `ipvsadm` 1.31: -A -E -D -a -e -d -C -Z -S -R -L --set, in numbers (`-n`): names of addresses and ports are not looked up. */
import { plumb } from "../../linux/plumbing.js";
import type { IpvsAct } from "../../linux/plumbing/ipvs-act.js";
import { Ended, failed, NotModelled, type Output, said } from "../output.js";
import type { Place } from "../place.js";
import { splitWords } from "../words.js";
import { type IpvsCommand, readIpvsCommand } from "./command-words.js";
import { listConnections, listServers, listTimeouts, savedServers } from "./list.js";

/** What ipvsadm ends with where the kernel says no: -1. */
const REFUSED = 255;

const OPS: Readonly<Record<string, IpvsAct["op"]>> = Object.freeze({
  "-A": "add-service", "-E": "edit-service", "-D": "delete-service", "-a": "add-server", "-e": "edit-server", "-d": "delete-server", "-C": "clear", "-Z": "zero", "--set": "timeouts",
});

export function ipvsadm(place: Place, words: readonly string[], stdin: string): Output {
  const command = readIpvsCommand(words.length === 0 ? ["-L"] : words);
  if (command.letter === "-L") return list(place, command);
  if (command.letter === "-S" && !command.numeric) throw new NotModelled("ipvsadm -S without -n");
  if (command.letter === "-S") return said(savedServers(place.s, place.ns).join("\n"));
  if (command.letter === "-R") return restore(place, stdin);
  return change(place, command);
}

function list({ s, ns }: Place, command: IpvsCommand): Output {
  if (command.timeouts) return said(listTimeouts(s, ns));
  if (!command.numeric) throw new NotModelled("ipvsadm -L without -n");
  if (command.connections) return said(listConnections(s, ns).join("\n"));
  const lines = listServers(s, ns, command.service, command.stats ? "stats" : "plain", command.exact);
  return lines === null ? failed(REFUSED, "No such service") : said(lines.join("\n"));
}

/** Without `-w` a real server that is edited weighs 1 again, and one without `-s` is scheduled as a new one would be: the tool sends what it was not told as its defaults. */
function change(place: Place, command: IpvsCommand): Output {
  const { letter, service, server, scheduler, persistent, netmask, schedFlags, set } = command;
  const op = OPS[letter];
  if (op === undefined) throw new Ended(2, `ipvsadm ${letter}`);
  const act: IpvsAct = {
    verb: "ipvs", ns: place.ns, op,
    ...(service === null ? {} : { service }),
    ...(server === null ? {} : { server }),
    ...(scheduler === null ? {} : { scheduler }),
    ...(persistent === 0 ? {} : { persistent }),
    ...(netmask === null ? {} : { netmask }),
    ...(schedFlags.length === 0 ? {} : { schedFlags }),
    ...(set === null ? {} : { timeouts: set }),
  };
  const refused = plumb(place.s, act);
  if (refused === null) return said("");
  if (refused.errno === "EOPNOTSUPP") throw new NotModelled(server === null ? `ipvsadm -s ${scheduler}` : "ipvsadm -i with IPv6");
  return failed(REFUSED, refused.message);
}

/** Lines as `-S` prints them; the first that is refused ends it. */
function restore(place: Place, stdin: string): Output {
  for (const line of stdin.split("\n")) {
    const words = splitWords(line) ?? [];
    if (words.length === 0 || words[0]!.startsWith("#")) continue;
    const done = change(place, readIpvsCommand(words));
    if (done.code !== 0) return done;
  }
  return said("");
}
