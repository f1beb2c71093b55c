/** One world: engine, chance, addresses, packets and the kernels on them, joined so that all of it is saved and compared as one. */
import { AddressBook, type AddressBookState } from "../base/address-book.js";
import { CauseTable, type CauseTableState } from "../base/causes.js";
import { type Digest, fnv1a32 } from "../base/hash.js";
import { Checkpoints, type Part } from "../engine/checkpoint.js";
import { Engine, type EngineState } from "../engine/engine.js";
import { Streams, type StreamsState } from "../engine/rng.js";
import { createStack } from "../linux/boot.js";
import type { Program } from "../linux/sock/app.js";
import { stackParts } from "../linux/stack-parts.js";
import type { Stack } from "../linux/stack.js";
import { Packets, type PacketsState } from "../packet/packets.js";
import { Payloads, type PayloadsState } from "../packet/payload.js";

/** State and code of one run, without a cluster on it yet. */
export interface World {
  readonly engine: Engine;
  readonly streams: Streams;
  readonly stack: Stack;
  /** all parts in their fixed order; whoever adds state of its own adds a part */
  readonly checkpoints: Checkpoints;
}

/** An empty world. The programs are all that may ever run in it; `streams` is chance of another kind than drawing. */
export function createWorld(seed: number, programs: readonly Program[], streams: Streams = new Streams(seed)): World {
  const engine = new Engine(seed);
  const book = new AddressBook();
  const causes = new CauseTable();
  const packets = new Packets();
  const payloads = new Payloads();
  const stack = createStack({ engine, streams, book, causes, packets, payloads, programs });
  const checkpoints = new Checkpoints();
  for (const part of [
    enginePart(engine),
    streamsPart(streams),
    bookPart(book),
    causesPart(causes),
    packetsPart(packets, book),
    payloadsPart(payloads),
    ...stackParts(stack),
  ]) {
    checkpoints.add(part);
  }
  return { engine, streams, stack, checkpoints };
}

function enginePart(engine: Engine): Part {
  return { name: "engine", save: () => engine.save(), restore: (state) => engine.restore(state as EngineState), fold: (digest) => engine.fold(digest) };
}

function streamsPart(streams: Streams): Part {
  const fold = (digest: Digest): void => {
    const { names, words } = streams.save();
    for (const name of names) digest.i32(fnv1a32(name));
    for (const word of words) digest.i32(word);
  };
  return { name: "chance", save: () => streams.save(), restore: (state) => streams.restore(state as StreamsState), fold };
}

function bookPart(book: AddressBook): Part {
  // Which addresses are known is no difference between worlds; only what is done with them is.
  return { name: "addresses", save: () => book.save(), restore: (state) => book.restore(state as AddressBookState), fold: () => {} };
}

function causesPart(causes: CauseTable): Part {
  return { name: "causes", save: () => causes.save(), restore: (state) => causes.restore(state as CauseTableState), fold: () => {} };
}

function payloadsPart(payloads: Payloads): Part {
  return { name: "payloads", save: () => payloads.save(), restore: (state) => payloads.restore(state as PayloadsState), fold: () => {} };
}

function packetsPart(packets: Packets, book: AddressBook): Part {
  const fold = (digest: Digest): void => {
    const c = packets.c;
    digest.i32(packets.count);
    for (let p = 1; p < packets.top; p++) {
      if (packets.live[p] !== 1) continue;
      digest.i32(p);
      digest.f64(c.id[p]!);
      digest.i32(book.words[c.src[p]! * 4]!);
      digest.i32(book.words[c.dst[p]! * 4]!);
      digest.i32((c.sport[p]! << 16) | c.dport[p]!);
      digest.i32((c.proto[p]! << 8) | c.ttl[p]!);
    }
  };
  return { name: "packets", save: () => packets.save(), restore: (state) => packets.restore(state as PacketsState), fold };
}
