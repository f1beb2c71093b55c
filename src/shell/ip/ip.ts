/** `ip` of iproute2 6.1: options, object, and on to one file for each object. */
import { Ended, NotModelled, type Output, said } from "../output.js";
import { namespaceOf, type Place } from "../place.js";
import { WordReader } from "../word-reader.js";
import { ipAddress } from "./address.js";
import { ipLink } from "./link.js";
import type { IpOptions, RunIn } from "./ip-options.js";
import { ipNeighbour } from "./neighbour.js";
import { ipNetns } from "./netns.js";
import { ipRoute } from "./route.js";
import { ipRule } from "./rule.js";

/** Objects in the order in which an abbreviation finds them. */
const OBJECTS = ["address", "addrlabel", "maddress", "route", "rule", "neighbor", "neighbour", "ntable", "ntbl", "link", "l2tp", "fou", "ila", "macsec", "tunnel", "tunl", "tuntap", "tap", "token", "tcpmetrics", "monitor", "xfrm", "mroute", "mrule", "netns", "netconf", "vrf", "sr", "nexthop", "mptcp", "ioam", "stats"] as const;

const USAGE = "Usage: ip [ OPTIONS ] OBJECT { COMMAND | help }\n       ip [ -force ] -batch filename";

export function ip(place: Place, words: readonly string[], runIn: RunIn): Output {
  const reader = new WordReader(words);
  let family: 0 | 4 | 6 = 0;
  let statistics = false;
  let details = false;
  let oneLine = false;
  let brief = false;
  let json = false;
  let pretty = false;
  let where = place;
  while (reader.peek()?.startsWith("-") === true) {
    const option = reader.take().replace(/^--/, "-");
    if (option === "-4") family = 4;
    else if (option === "-6") family = 6;
    else if (option === "-f" || option === "-family") family = reader.argument() === "inet6" ? 6 : 4;
    else if (["-s", "-stats", "-statistics"].includes(option)) statistics = true;
    else if (["-d", "-details"].includes(option)) details = true;
    else if (["-o", "-oneline"].includes(option)) oneLine = true;
    else if (["-br", "-brief"].includes(option)) brief = true;
    else if (["-j", "-js", "-json"].includes(option)) json = true;
    else if (["-p", "-pretty"].includes(option)) pretty = true;
    else if (/^-c(olor)?(=(never|auto))?$/.test(option) || option === "-N" || option === "-Numeric") continue;
    else if (["-V", "-Version"].includes(option)) return said("ip utility, iproute2-6.1.0, libbpf 1.1.2");
    else if (["-n", "-netns"].includes(option)) where = { ...where, ns: namespaceOf(where, reader.argument()) };
    else if (/^-(c|color|a|all|b|batch|t|ts|iec|h|human|r|resolve|rc|l|loops|force|M|B|0|echo)/.test(option)) throw new NotModelled(`ip ${option}`);
    else throw new Ended(255, `Option "${option}" is unknown, try "ip -help".`);
  }
  const options: IpOptions = { family, statistics, details, oneLine, brief, json, pretty };
  if (reader.done) throw new Ended(255, USAGE);
  const word = reader.take();
  const object = OBJECTS.find((name) => name.startsWith(word));
  switch (object) {
    case "address":
      return ipAddress(where, options, reader);
    case "route":
      return ipRoute(where, options, reader);
    case "rule":
      return ipRule(where, options, reader);
    case "neighbor":
    case "neighbour":
      return ipNeighbour(where, options, reader);
    case "link":
      return ipLink(where, options, reader);
    case "netns":
      return ipNetns(where, options, reader, runIn);
    case undefined:
      throw new Ended(1, `Object "${word}" is unknown, try "ip help".`);
    default:
      throw new NotModelled(`ip ${object}`);
  }
}
