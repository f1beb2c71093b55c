/** dig as a program: one question with EDNS and a cookie, three tries of five seconds, TCP after a truncated answer. */
import { SECOND } from "../../base/time.js";
import type { AppDoor, Program } from "../../linux/sock/app.js";
import { DNS_RCODE, type DnsMessage, decodeDns, dnsQuery, encodeDns } from "../../packet/wire/dns.js";
import { DNS_TYPE } from "../../packet/wire/dns-record.js";
import { digAnswer, digGreeting } from "../dns/dig-text.js";
import { dataText, reverseName, typeNumber } from "../dns/record-text.js";
import type { ResolvConf } from "../dns/resolv-conf.js";
import { searchNames } from "../dns/resolver.js";
import { dnsFrame, takeFrames } from "../dns/tcp-frames.js";

export interface DigArguments {
  /** `@10.96.0.10 web.default.svc.cluster.local AAAA +short`, `-x 10.96.0.1` */
  readonly words: readonly string[];
  readonly resolv: ResolvConf;
  /** the instant of boot as `WHEN` shows it: seconds since 1970 */
  readonly epoch: number;
}

const TRIES = 3;
const TRY_TIMEOUT: number = 5 * SECOND;
const EDNS_SIZE = 1232;
const COOKIE = 10;

interface Memory {
  readonly words: readonly string[];
  readonly epoch: number;
  readonly server: string;
  readonly names: readonly string[];
  readonly type: number;
  readonly short: boolean;
  readonly tcpOnly: boolean;
  readonly edns: boolean;
  readonly cookie: readonly number[];
  readonly id: number;
  readonly sock: number;
  readonly tcp: number;
  readonly partial: Uint8Array;
  readonly tries: number;
  readonly sent: number;
  readonly tick: number;
}

const memoryOf = (door: AppDoor): Memory => door.state as unknown as Memory;
function change(door: AppDoor, changed: Partial<Memory>): Memory {
  const next = { ...memoryOf(door), ...changed };
  door.state = { ...next };
  return next;
}

/** The program "dig". */
export const dig: Program = Object.freeze<Program>({
  name: "dig",
  on(door, event) {
    const memory = memoryOf(door);
    switch (event.kind) {
      case "start":
        start(door, event.args as unknown as DigArguments);
        break;
      case "datagram": {
        const bytes = door.bytes(event);
        const message = decodeDns(bytes);
        if (!("malformed" in message) && message.id === memory.id && message.response) answered(door, message, bytes.length, false);
        break;
      }
      case "connected":
        door.tcpSend(event.sock, dnsFrame(encodeDns(question(memory))));
        break;
      case "data": {
        const { messages, rest } = takeFrames(memory.partial, door.bytes(event));
        change(door, { partial: rest });
        const message = messages[0] === undefined ? undefined : decodeDns(messages[0]);
        if (message !== undefined && !("malformed" in message)) answered(door, message, messages[0]!.length, true);
        break;
      }
      case "closed":
        if (event.sock === memory.tcp && event.errno !== 0) refused(door, "connection refused");
        break;
      case "error":
        refused(door, "connection refused");
        break;
      case "timer":
        if (event.word === memory.tick) refused(door, "timed out");
        break;
      default:
    }
  },
});

function start(door: AppDoor, args: DigArguments): void {
  const { words } = args;
  const plain = words.filter((word, i) => !/^[@+-]/.test(word) && words[i - 1] !== "-t" && words[i - 1] !== "-x");
  const after = (flag: string): string | undefined => (words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined);
  const reverse = after("-x");
  const typeWord = after("-t") ?? plain.find((word, i) => typeNumber(word) !== undefined && (i > 0 || plain.length > 1));
  const name = reverse === undefined ? (plain.find((word) => word !== typeWord) ?? ".") : reverseName(door.addressText(door.addressOf(reverse)));
  const type = reverse === undefined ? (typeNumber(typeWord ?? "A") ?? DNS_TYPE.A) : DNS_TYPE.PTR;
  const whole = name.endsWith(".") && name !== "." ? name.slice(0, -1) : name;
  const stream = door.s.streams.stream(`app ${door.app}/dig`);
  const given = words.find((word) => word.startsWith("@"))?.slice(1);
  door.state = {
    ...({ words, epoch: args.epoch, server: given ?? args.resolv.nameservers[0] ?? "127.0.0.1", names: words.includes("+search") && reverse === undefined ? searchNames(name, args.resolv) : [whole], type, short: words.includes("+short"), tcpOnly: words.includes("+tcp"), edns: !words.includes("+noedns"), cookie: words.includes("+nocookie") ? [] : Array.from({ length: 8 }, () => door.s.streams.below(stream, 256)), id: door.s.streams.below(stream, 65_536), sock: door.udpBind(0, 0), tcp: 0, partial: new Uint8Array(0), tries: 0, sent: 0, tick: 0 } satisfies Memory),
  };
  ask(door, words.includes("+tcp"));
}

function question({ id, names, type, edns, cookie }: Memory): DnsMessage {
  const options = cookie.length === 0 ? [] : [{ code: COOKIE, data: Uint8Array.from(cookie) }];
  return { ...dnsQuery(id, names[0]!, type), authenticData: true, additionals: edns ? [{ type: "OPT", udpSize: EDNS_SIZE, extendedRcode: 0, version: 0, dnssecOk: false, options }] : [] };
}

function ask(door: AppDoor, tcp: boolean): void {
  const memory = change(door, { tries: memoryOf(door).tries + 1, sent: door.now, tick: memoryOf(door).tick + 1, partial: new Uint8Array(0) });
  door.timer(TRY_TIMEOUT, memory.tick);
  const server = door.addressOf(memory.server);
  if (!tcp) {
    door.udpConnect(memory.sock, server, 53);
    door.udpSend(memory.sock, server, 53, encodeDns(question(memory)));
    return;
  }
  const sock = door.tcpConnect(server, 53);
  if (sock < 0) refused(door, "network unreachable");
  else change(door, { tcp: sock });
}

function refused(door: AppDoor, why: string): void {
  const memory = memoryOf(door);
  door.print(`;; communications error to ${memory.server}#53: ${why}`);
  if (memory.tries < TRIES) {
    ask(door, memory.tcpOnly);
    return;
  }
  if (!memory.short) for (const line of digGreeting(memory.words)) door.print(line);
  door.print(";; no servers could be reached");
  if (!memory.short) door.print("");
  door.exit(9);
}

function answered(door: AppDoor, message: DnsMessage, bytes: number, tcp: boolean): void {
  const memory = memoryOf(door);
  if (message.truncated && !tcp) {
    door.print(";; Truncated, retrying in TCP mode.");
    change(door, { tries: 0 });
    ask(door, true);
    return;
  }
  const [, ...later] = memory.names;
  if (later.length > 0 && (message.rcode === DNS_RCODE.NXDOMAIN || message.answers.length === 0)) {
    change(door, { names: later, id: (memory.id + 1) & 0xffff, tries: 0 });
    ask(door, memory.tcpOnly);
    return;
  }
  if (memory.short) for (const record of message.answers) door.print(dataText(record));
  else {
    const cookie = memory.cookie.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const arrival = { server: memory.server, tcp, milliseconds: Math.floor((door.now - memory.sent) / 1_000_000), when: whenText(memory.epoch + Math.floor(door.now / SECOND)), bytes, cookie };
    for (const line of [...digGreeting(memory.words), ...digAnswer(message, arrival)]) door.print(line);
  }
  door.exit(0);
}

const DAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"] as const;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** `Sat Nov 01 10:00:00 UTC 2025` of seconds since 1970 (H. Hinnant, civil_from_days). */
export function whenText(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const rest = seconds - days * 86_400;
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const mp = Math.floor((5 * dayOfYear + 2) / 153);
  const month = mp < 10 ? mp + 2 : mp - 10;
  const two = (n: number): string => String(n).padStart(2, "0");
  const clock = [Math.floor(rest / 3600), Math.floor(rest / 60) % 60, rest % 60].map(two).join(":");
  return `${DAYS[((days % 7) + 7) % 7]} ${MONTHS[month]} ${two(dayOfYear - Math.floor((153 * mp + 2) / 5) + 1)} ${clock} UTC ${yearOfEra + era * 400 + (month <= 1 ? 1 : 0)}`;
}
