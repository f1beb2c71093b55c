/** The program behind `ping`, `traceroute` and a lab's `probe icmp`: echo requests one after the other, and what became of each. */
import { SECOND, US } from "../../base/time.js";
import { launch, type Program } from "../../linux/sock/app.js";
import type { Stack } from "../../linux/stack.js";

export interface EchoArguments {
  readonly host: string;
  /** one request for each of these */
  readonly ttls: readonly number[];
  /** number of the first request */
  readonly first: number;
  readonly size: number;
  readonly dontFragment: boolean;
  /** identifier; 0: the kernel's choice */
  readonly ident: number;
  /** ns between requests, and how long the last is waited for */
  readonly interval: number;
  readonly timeout: number;
  /** "" or left out: the route's */
  readonly source?: string;
  /** hears no error about a piece: a raw socket's reader looks for the echo right behind the IP header */
  readonly wholeOnly?: boolean;
  readonly mark?: number;
  /** ends when so many have been answered */
  readonly enough?: number;
  /** ns after its start by which it ends */
  readonly deadline?: number;
}

/** What became of one request; `at` ns after it was sent. */
export interface EchoResult {
  readonly sequence: number;
  readonly kind: "reply" | "error" | "refused";
  readonly from: string;
  readonly ttl: number;
  readonly type: number;
  readonly code: number;
  readonly info: number;
  readonly errno: number;
  readonly at: number;
}

interface Memory extends Readonly<Record<string, unknown>> {
  readonly args: EchoArguments;
  readonly sock: number;
  readonly sent: number;
  readonly began: number;
  readonly results: readonly EchoResult[];
}

/** Sends, remembers, and exits when all are answered or the time is over. Its state's `results` are `EchoResult`s. */
export const echoProgram: Program = Object.freeze<Program>({
  name: "shell-echo",
  on(door, event) {
    const m = door.state as Memory;
    const add = (result: EchoResult): void => {
      const now = door.state as Memory;
      if (now.results.some((known) => known.sequence === result.sequence)) return;
      door.state = { ...now, results: Object.freeze([...now.results, Object.freeze(result)]) };
      const replies = now.results.filter((known) => known.kind === "reply").length + Number(result.kind === "reply");
      if (now.results.length + 1 === now.args.ttls.length || replies === now.args.enough) door.exit(0);
    };
    const blank = { from: "", ttl: 0, type: 0, code: 0, info: 0, errno: 0, at: 0 };
    const next = (): void => {
      const { args, sock, sent } = door.state as Memory;
      if (sent >= args.ttls.length) return;
      door.state = { ...(door.state as Memory), sent: sent + 1 };
      const errno = door.pingSend(sock, door.addressOf(args.host), args.first + sent, args.size, args.ttls[sent]!, args.dontFragment, args.source === undefined ? 0 : door.addressOf(args.source), args.mark);
      if (errno !== 0) add({ ...blank, sequence: args.first + sent, kind: "refused", errno });
      if (sent + 1 < args.ttls.length) door.timer(args.interval, 1);
      else door.timer(args.timeout, 2);
    };
    if (event.kind === "start") {
      const args = event.args as unknown as EchoArguments;
      door.state = { args, sock: door.pingOpen(args.ident), sent: 0, results: [], began: door.now };
      if (args.deadline !== undefined) door.timer(args.deadline, 2);
      next();
    } else if (event.kind === "timer") {
      if (event.word === 1) next();
      else door.exit(1);
    } else if (event.kind === "echo" || event.kind === "error") {
      const sequence = event.sequence;
      const at = door.now - (m.began + (sequence - m.args.first) * m.args.interval);
      if (sequence < m.args.first || sequence >= m.args.first + m.sent) return;
      if (event.kind === "error" && event.piece && m.args.wholeOnly === true) return;
      if (event.kind === "echo") add({ ...blank, sequence, kind: "reply", from: door.addressText(event.from), ttl: event.ttl, at });
      else add({ ...blank, sequence, kind: "error", from: door.addressText(event.from), type: event.type, code: event.code, info: event.info, errno: event.errno, at });
    }
  },
});

const LONGEST = 3600 * SECOND;
/** A program goes on when all that it sent has left, in however many pieces a nanosecond apart. */
export const WAKING: number = 2 * US;

/** Runs the program to its end, time passing, and forgets it. */
export function sendEchoes(s: Stack, ns: number, args: EchoArguments): readonly EchoResult[] {
  return sendAndCount(s, ns, args).results;
}

/** The same, and how many were sent until the program ended. */
export function sendAndCount(s: Stack, ns: number, args: EchoArguments): { readonly results: readonly EchoResult[]; readonly sent: number } {
  const app = launch(s, ns, echoProgram.name, args as unknown as Readonly<Record<string, unknown>>);
  return runApp(s, app, () => s.app.apps.get(app)!.state as Memory);
}

/** Lets time pass until a program has exited and what it set off is over; then forgets it. */
export function runApp<T>(s: Stack, app: number, answer: () => T): T {
  const limit = s.engine.now + LONGEST;
  while (s.app.apps.get(app)?.exit === undefined && s.engine.nextTime() <= limit) s.engine.step();
  s.engine.run(s.engine.now + WAKING);
  const result = answer();
  s.app.apps.delete(app);
  return result;
}
