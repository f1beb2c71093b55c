/** The words of a lab that are no commands of a real machine: serve, probe, inject, capture, captured, trace, traced, bird, birdc, sleep. */
import { MS, SECOND } from "../../base/time.js";
import { deviceByName } from "../../linux/device.js";
import { ERRNO, errnoName } from "../../linux/errno.js";
import { netnsByName } from "../../linux/netns.js";
import { launch } from "../../linux/sock/app.js";
import type { Stack } from "../../linux/stack.js";
import { birdOf, startBird } from "../../models/bgp/bird-program.js";
import { decodeFrame } from "../../packet/wire/frame-reader.js";
import { birdc } from "../bird/birdc.js";
import { runApp, sendEchoes } from "../ping/echo-program.js";
import { labProbe, type ProbeArguments } from "./probe-program.js";
import { labServer } from "./server-program.js";
import { Watch } from "./watch.js";

const WORDS: readonly string[] = ["serve", "probe", "inject", "capture", "captured", "trace", "traced", "bird", "birdc", "sleep"];
const INJECT_TIME: number = 10 * MS;
/** Identifier of the lab's echo requests. */
const IDENT = 0x4c42;

export function isBuiltin(word: string): boolean {
  return WORDS.includes(word);
}

interface Said {
  readonly text: string;
  readonly code: number;
}

const said = (text: string): Said => ({ text, code: 0 });

/** A fault that the harness itself prints, exit code 1. */
class Fault extends Error {}

export class LabBuiltins {
  private readonly watch: Watch;
  /** sequence numbers of echo requests, by family */
  private sequence4 = 0;
  private sequence6 = 0;
  /** configurations of routing daemons as they were written last, by namespace */
  private readonly confs = new Map<string, string>();

  constructor(
    private readonly s: Stack,
    private readonly root: number,
    private readonly machine: number,
  ) {
    this.watch = new Watch(s);
  }

  /** What a built-in prints; a string where the lab cannot go on. */
  run(words: readonly string[], stdin = ""): Said | string {
    const [verb = "", ...rest] = words;
    try {
      switch (verb) {
        case "serve":
          return this.serve(rest);
        case "probe":
          return this.probe(rest);
        case "inject":
          return this.inject(rest);
        case "capture":
          this.watch.capture(rest.map((name) => this.namespace(name)));
          return said("");
        case "captured":
          return said(this.watch.captured().filter((line) => rest[0] === undefined || !line.includes(rest[0])).join("\n"));
        case "trace":
          this.watch.trace(rest.map((name) => this.namespace(name)));
          return said("");
        case "traced":
          return said(this.watch.traced().join("\n"));
        case "sleep":
          this.pass(Number(rest[0]) * SECOND);
          return said("");
        case "bird":
          return this.bird(rest[0] ?? "", stdin);
        case "birdc":
          return said(birdc(this.s, this.namespace(rest[0] ?? ""), rest[0] ?? "", rest.slice(1), this.confs.get(rest[0] ?? "")));
        default:
          return `${verb}: not modelled`;
      }
    } catch (fault) {
      if (!(fault instanceof Fault)) throw fault;
      return { text: `${verb}: ${fault.message}`, code: 1 };
    }
  }

  private pass(ns: number): void {
    this.s.engine.run(this.s.engine.now + Math.round(ns));
  }

  private namespace(name: string): number {
    if (name === "-") return this.root;
    const ns = netnsByName(this.s, this.machine, name);
    if (ns === 0) throw new Fault(`[Errno 2] No such file or directory: '/run/netns/${name}'`);
    return ns;
  }

  private serve([name = "", protocol = "", port = "", ...more]: readonly string[]): Said {
    const ns = this.namespace(name);
    const { addr = "" } = options(more);
    const app = launch(this.s, ns, labServer.name, { name, protocol, port: Number(port), addr });
    if (this.s.app.apps.get(app)?.exit === undefined) return said("");
    throw new Fault("[Errno 98] Address already in use");
  }

  private bird(name: string, text: string): Said {
    const ns = this.namespace(name);
    this.confs.set(name, text);
    if (birdOf(this.s, ns) !== 0) return said("bird: I found another BIRD running.");
    const begun = startBird(this.s, ns, text);
    return said("errors" in begun ? begun.errors.map((line) => `bird: ${line}`).join("\n") : "");
  }

  private probe([name = "", protocol = "", host = "", ...more]: readonly string[]): Said | string {
    const ns = this.namespace(name);
    if (this.s.book.ofText(host) === 0) throw new Fault("[Errno -2] Name or service not known");
    if (protocol === "icmp") return this.probeIcmp(ns, host, options(more));
    const o = options(more.slice(1));
    const args: ProbeArguments = {
      protocol: protocol === "tcp" ? "tcp" : "udp",
      host,
      port: Number(more[0]),
      sourcePort: Number(o["from"] ?? 0),
      source: o["src"] ?? "",
      timeout: Math.round(Number(o["timeout"] ?? 1) * SECOND),
    };
    const lines: string[] = [];
    for (let n = 0; n < Number(o["count"] ?? 1); n++) {
      const app = launch(this.s, ns, labProbe.name, args as unknown as Readonly<Record<string, unknown>>);
      lines.push(...runApp(this.s, app, () => this.s.app.apps.get(app)!.output));
    }
    return said(lines.join("\n"));
  }

  private probeIcmp(ns: number, host: string, o: Readonly<Record<string, string>>): Said {
    const v6 = host.includes(":");
    const sequence = v6 ? ++this.sequence6 : ++this.sequence4;
    const [result] = sendEchoes(this.s, ns, {
      host,
      ttls: [Number(o["ttl"] ?? 64)],
      first: sequence,
      size: Number(o["size"] ?? 56),
      dontFragment: o["df"] === "1",
      ident: IDENT,
      interval: 0,
      timeout: Math.round(Number(o["timeout"] ?? 1) * SECOND),
      // An IPv6 piece has a header more.
      wholeOnly: v6,
    });
    if (result === undefined) return said("timeout");
    if (result.kind === "reply") return said(`ok ttl=${result.ttl} from ${result.from}`);
    return said(result.kind === "refused" ? errnoName(result.errno) : `${result.type}/${result.code} from ${result.from}`);
  }

  private inject([name = "", device = "", hex = ""]: readonly string[]): Said | string {
    const { s } = this;
    const dev = deviceByName(s, this.namespace(name), device);
    if (dev === 0) throw new Fault("[Errno 19] No such device");
    if (!/^([0-9a-fA-F]{2})*$/.test(hex)) throw new Fault("non-hexadecimal number found in fromhex() arg at position 0");
    const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    if (bytes.length < 14) throw new Fault(`[Errno ${ERRNO.EINVAL}] Invalid argument`);
    const p = decodeFrame(s.packets, s.payloads, s.book, bytes, 0, bytes.length);
    if (p < 0) return "inject of a frame that cannot be read: not modelled";
    s.op.transmit(p, dev);
    this.pass(INJECT_TIME);
    return said("");
  }
}

/** `key=value` words. */
function options(words: readonly string[]): Readonly<Record<string, string>> {
  const made: Record<string, string> = {};
  for (const word of words) {
    const at = word.indexOf("=");
    if (at < 0) throw new Fault("dictionary update sequence element #0 has length 1; 2 is required");
    made[word.slice(0, at)] = word.slice(at + 1);
  }
  return made;
}
