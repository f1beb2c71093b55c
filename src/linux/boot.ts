/** Puts a stack together: its tables, and the behaviour behind each slot of `Ops` and each kind of event. */
import type { AddressBook } from "../base/address-book.js";
import type { CauseTable } from "../base/causes.js";
import { BrokenInvariant } from "../base/problem.js";
import type { Engine } from "../engine/engine.js";
import type { Streams } from "../engine/rng.js";
import type { Packets } from "../packet/packets.js";
import type { Payloads } from "../packet/payload.js";
import { installDrop } from "./drop.js";
import { installFragments } from "./fragment.js";
import { installIcmpError } from "./icmp-error.js";
import { installIp6Input } from "./ip6-input.js";
import { installIpInput } from "./ip-input.js";
import { installIpOutput } from "./ip-output.js";
import { installUplink } from "./dev/uplink.js";
import { installIpvs } from "./ipvs/connection.js";
import { installNeighbours } from "./neigh.js";
import { installConntrack } from "./nf/conntrack-ops.js";
import { installHooks } from "./nf/hooks.js";
import { installReceive } from "./receive.js";
import { installApps, type Program } from "./sock/app.js";
import { installSockets } from "./sock/demux.js";
import { type Ops, Stack } from "./stack.js";
import { installTransmit } from "./transmit.js";

/** What a stack stands on; all of it belongs to the world, and a world has one stack. */
export interface StackOptions {
  readonly engine: Engine;
  readonly streams: Streams;
  readonly book: AddressBook;
  readonly causes: CauseTable;
  readonly packets: Packets;
  readonly payloads: Payloads;
  /** the code of every program that may run in the world */
  readonly programs?: readonly Program[];
}

const SLOTS: readonly (keyof Ops)[] = [
  "receive", "transmit", "neighbourOutput", "ipReceive", "ipReceiveFinish", "ip6Receive", "ip6ReceiveFinish", "ipLocalOut", "ipOutput", "localDeliver",
  "hook", "rerouteOutput", "icmpError", "sendReset", "socketError", "appEvent", "drop",
];

/** A slot that nobody has filled fails by its name when it is called. */
function emptyOps(engine: Engine): Ops {
  const missing = (slot: string): (() => never) => () => {
    throw new BrokenInvariant(`nothing is installed as ${slot}`, { step: engine.steps, seed: engine.seed, detail: { slot } });
  };
  return Object.fromEntries(SLOTS.map((slot) => [slot, missing(slot)])) as unknown as Ops;
}

/** The simulated kernels of one world, without a single namespace yet. */
export function createStack(options: StackOptions): Stack {
  const { engine, streams, book, causes, packets, payloads } = options;
  const s = new Stack(engine, streams, book, causes, packets, payloads);
  s.op = emptyOps(engine);
  installDrop(s);
  installNeighbours(s);
  installTransmit(s);
  installReceive(s);
  installUplink(s);
  installIpInput(s);
  installIp6Input(s);
  installIpOutput(s);
  installFragments(s);
  installIcmpError(s);
  installConntrack(s);
  installIpvs(s);
  installHooks(s);
  installSockets(s);
  installApps(s, options.programs ?? []);
  return s;
}
