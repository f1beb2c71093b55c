/** The program behind `arping`: one ARP question a second, and the answers to them. */
import type { Program } from "../../linux/sock/app.js";
import { arpAsk, arpOpen } from "../../linux/sock/probe-socket.js";

export interface ArpingArguments {
  /** row of the device */
  readonly dev: number;
  readonly target: string;
  /** "" : 0.0.0.0, for a search for duplicates */
  readonly source: string;
  readonly operation: "request" | "reply";
  /** 0: until the deadline */
  readonly count: number;
  /** ns */
  readonly interval: number;
  /** ns, 0: none */
  readonly deadline: number;
  readonly keepBroadcasting: boolean;
  readonly untilFirst: boolean;
  /** answers are not waited for: it tells neighbours of itself */
  readonly unsolicited: boolean;
}

export interface ArpingAnswer {
  readonly reply: boolean;
  readonly broadcast: boolean;
  readonly from: string;
  readonly mac: number;
  /** ns after the question */
  readonly at: number;
}

interface Memory extends Readonly<Record<string, unknown>> {
  readonly args: ArpingArguments;
  readonly sent: number;
  readonly broadcasts: number;
  readonly asked: number;
  /** who answered, asked alone from then on; 0: nobody yet */
  readonly peer: number;
  readonly answers: readonly ArpingAnswer[];
}

const SEND = 1;
const END = 2;

/** Its state's `sent`, `broadcasts` and `answers` tell what happened. */
export const arpingProgram: Program = Object.freeze<Program>({
  name: "shell-arping",
  on(door, event) {
    const memory = door.state as Memory;
    const send = (): void => {
      const now = door.state as Memory;
      const { args, sent, broadcasts, peer, answers } = now;
      if (args.count !== 0 && sent >= args.count) {
        door.exit(answers.length > 0 ? 0 : 1);
        return;
      }
      const to = args.keepBroadcasting ? 0 : peer;
      door.state = { ...now, sent: sent + 1, broadcasts: broadcasts + Number(to === 0), asked: door.now };
      arpAsk(door.s, args.dev, args.operation, args.source === "" ? door.s.book.v4(0) : door.addressOf(args.source), door.addressOf(args.target), to);
      door.timer(args.interval, SEND);
    };
    if (event.kind === "start") {
      const args = event.args as unknown as ArpingArguments;
      door.state = { args, sent: 0, broadcasts: 0, asked: 0, peer: 0, answers: [] } satisfies Memory;
      arpOpen(door.s, args.dev, door.app);
      if (args.deadline > 0) door.timer(args.deadline, END);
      send();
    } else if (event.kind === "timer") {
      if (event.word === SEND) send();
      else door.exit(memory.answers.length > 0 ? 0 : 1);
    } else if (event.kind === "arp") {
      const { args } = memory;
      const forUs = args.source === "" || event.target === door.addressOf(args.source);
      if (args.unsolicited || event.from !== door.addressOf(args.target) || !forUs || !event.reply) return;
      const answer = Object.freeze({ reply: event.reply, broadcast: event.broadcast, from: door.addressText(event.from), mac: event.mac, at: door.now - memory.asked });
      const answers = Object.freeze([...memory.answers, answer]);
      door.state = { ...memory, answers, peer: event.mac };
      if (args.untilFirst || (args.count !== 0 && memory.sent >= args.count && answers.length >= args.count)) door.exit(0);
    }
  },
});
