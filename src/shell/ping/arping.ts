/** `arping` of iputils 20221126. */
import { formatMac } from "../../base/mac.js";
import { MS, SECOND } from "../../base/time.js";
import { deviceByName, deviceName, isUp } from "../../linux/device.js";
import { chooseHop, fibLookup, isLocalAddress } from "../../linux/fib.js";
import { launch } from "../../linux/sock/app.js";
import { selectAddress } from "../../linux/source-address.js";
import { DEV } from "../../linux/stack.js";
import { Ended, type Output, said } from "../output.js";
import type { Place } from "../place.js";
import { type ArpingAnswer, type ArpingArguments, arpingProgram } from "./arping-program.js";
import { runApp } from "./echo-program.js";

const USAGE = "\nUsage:\n  arping [options] <destination>";
/** No question has a deadline without -w; this one ends a search that nobody ends. */
const ENDLESS: number = 3600 * SECOND;

interface Asked {
  host: string;
  device: string;
  source: string;
  count: number;
  deadline: number;
  interval: number;
  first: boolean;
  quiet: boolean;
  broadcast: boolean;
  mode: "" | "duplicate" | "unsolicited" | "answer";
}

function read(words: readonly string[]): Asked | Output {
  const made: Asked = { host: "", device: "", source: "", count: 0, deadline: 0, interval: SECOND, first: false, quiet: false, broadcast: false, mode: "" };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (!word.startsWith("-") || word === "-") {
      made.host = word;
      continue;
    }
    for (let k = 1; k < word.length; k++) {
      const letter = word[k]!;
      if ("cwiIs".includes(letter)) {
        const value = word.slice(k + 1) !== "" ? word.slice(k + 1) : (words[++i] ?? "");
        if (letter === "I") made.device = value;
        else if (letter === "s") made.source = value;
        else if (!/^\d+(\.\d+)?$/.test(value)) throw new Ended(1, `arping: invalid argument: '${value}'`);
        else if (letter === "c") made.count = Number(value);
        else if (letter === "w") made.deadline = Math.round(Number(value) * SECOND);
        else made.interval = Math.round(Number(value) * SECOND);
        break;
      }
      if (letter === "V") return said("arping from iputils 20221126\nlibcap: yes, IDN: yes, NLS: no, error.h: yes, getrandom(): yes, __fpending(): yes");
      if (letter === "f") made.first = true;
      else if (letter === "q") made.quiet = true;
      else if (letter === "b") made.broadcast = true;
      else if (letter === "D") made.mode = "duplicate";
      else if (letter === "U") made.mode = "unsolicited";
      else if (letter === "A") made.mode = "answer";
      else throw new Ended(2, `arping: invalid option -- '${letter}'\n${USAGE}`);
    }
  }
  if (made.host === "") throw new Ended(2, USAGE);
  return made;
}

export function arping(place: Place, words: readonly string[]): Output {
  const asked = read(words);
  if ("text" in asked) return asked;
  const { s, ns } = place;
  const dst = s.book.ofText(asked.host);
  if (dst === 0 || s.book.family[dst] !== 4) throw new Ended(2, `arping: ${asked.host}: ${place.names === undefined || dst !== 0 ? "Temporary failure in name resolution" : "Name or service not known"}`);
  const route = fibLookup(s, ns, dst, 0 as never, 0, 0, 0);
  const routed = route === null || route.hops.length === 0 ? 0 : chooseHop(s, route, 0, dst).dev;
  const dev = asked.device === "" ? routed : deviceByName(s, ns, asked.device);
  if (dev === 0) throw new Ended(2, asked.device === "" ? "arping: Suitable device could not be determined. Please, use option -I." : `arping: Device ${asked.device} not available.`);
  const name = deviceName(s, dev);
  if (!isUp(s, dev)) throw new Ended(2, `Interface "${name}" is down`);
  if (s.dev.c.kind[dev] === DEV.loopback) throw new Ended(2, `Interface "${name}" is not ARPable`);
  const source = sourceOf(place, asked, dev, dst);
  const args: ArpingArguments = {
    dev,
    target: asked.host,
    source,
    operation: asked.mode === "answer" ? "reply" : "request",
    count: asked.count,
    interval: asked.interval,
    deadline: asked.deadline === 0 ? ENDLESS : asked.deadline,
    keepBroadcasting: asked.broadcast || asked.mode !== "",
    untilFirst: asked.first || asked.mode === "duplicate",
    unsolicited: asked.mode === "unsolicited" || asked.mode === "answer",
  };
  const app = launch(s, ns, arpingProgram.name, args as unknown as Readonly<Record<string, unknown>>);
  const done = runApp(s, app, () => s.app.apps.get(app)!.state as unknown as { readonly sent: number; readonly broadcasts: number; readonly answers: readonly ArpingAnswer[] });
  const found = done.answers.length > 0;
  const code = args.unsolicited ? 0 : asked.mode === "duplicate" ? Number(found) : Number(!found);
  if (asked.quiet) return { text: "", code };
  const lines = [`ARPING ${asked.host} from ${source === "" ? "0.0.0.0" : source} ${name}`];
  for (const answer of done.answers) lines.push(`${answer.broadcast ? "Broadcast" : "Unicast"} reply from ${answer.from} [${formatMac(answer.mac).toUpperCase()}]  ${(answer.at / MS).toFixed(3)}ms`);
  lines.push(`Sent ${done.sent} probes (${done.broadcasts} broadcast(s))`, `Received ${done.answers.length} response(s)`);
  return { text: lines.join("\n"), code };
}

/** What it asks from: nothing to find a duplicate, itself to tell of itself, else the address towards the target. */
function sourceOf({ s, ns }: Place, { source, mode, host }: Asked, dev: number, dst: number): string {
  if (source !== "") {
    const addr = s.book.ofText(source);
    if (addr === 0 || !isLocalAddress(s, ns, addr)) throw new Ended(2, "arping: bind: Cannot assign requested address");
    return source;
  }
  if (mode === "duplicate") return "";
  if (mode !== "") return host;
  const own = selectAddress(s, dev, dst, 0);
  return own === 0 ? "" : s.book.text(own);
}
