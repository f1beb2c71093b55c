/** TCP over cables that lose and hosts that refuse: every byte arrives once and in order, whatever is sent again by which timer. */
import fc from "fast-check";
import { expect, test } from "vitest";
import "../../support/chance.js";
import { MS, SECOND } from "../../../src/base/time.js";
import { type AppDoor, launch } from "../../../src/linux/sock/app.js";
import type { AppEvent } from "../../../src/linux/sock/app-event.js";
import { act, makeStack, netns, probeProgram } from "../world.js";

interface Case {
  readonly seed: number;
  readonly loss: number;
  readonly refusal: number;
  readonly delay: number;
  /** bytes of each write, and of the answer */
  readonly writes: readonly number[];
  readonly answer: number;
}

const cases: fc.Arbitrary<Case> = fc.record({
  seed: fc.integer({ min: 1, max: 1 << 20 }),
  loss: fc.constantFrom(0, 0.05, 0.2),
  refusal: fc.constantFrom(0, 0.1, 0.3),
  delay: fc.constantFrom(0, 1, 30),
  writes: fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 6 }),
  answer: fc.integer({ min: 1, max: 9000 }),
});

/** `length` bytes of which each tells its place. */
function bytesFrom(place: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, n) => (place + n) % 251);
}

function run({ seed, loss, refusal, delay, writes, answer }: Case): { asked: number[]; answered: number[]; ends: string[]; left: number } {
  const asked: number[] = [];
  const answered: number[] = [];
  const ends: string[] = [];
  const server = probeProgram("server", (door: AppDoor, e: AppEvent) => {
    if (e.kind === "start") door.tcpListen(0, 8080);
    else if (e.kind === "data") asked.push(...door.bytes(e));
    else if (e.kind === "end") {
      door.tcpSend(e.sock, bytesFrom(7, answer));
      door.tcpClose(e.sock);
    } else if (e.kind === "closed") ends.push(`server ${e.errno}`);
  });
  const client = probeProgram("client", (door: AppDoor, e: AppEvent) => {
    if (e.kind === "start") door.tcpConnect(door.addressOf("10.0.0.2"), 8080);
    else if (e.kind === "connected") {
      let place = 0;
      for (const length of writes) {
        door.tcpSend(e.sock, bytesFrom(place, length));
        place += length;
      }
      door.tcpShutdown(e.sock);
    } else if (e.kind === "data") answered.push(...door.bytes(e));
    else if (e.kind === "closed") ends.push(`client ${e.errno}`);
  });
  const s = makeStack([server, client], seed);
  const [a, b] = [netns(s, "a"), netns(s, "b")];
  act(s, { verb: "link-add", ns: a, name: "eth0", kind: "uplink", link: { delay: delay * MS, loss }, up: true, peer: { ns: b, name: "eth0" } });
  act(s, { verb: "link-set", ns: b, name: "eth0", up: true });
  act(s, { verb: "addr-add", ns: a, dev: "eth0", addr: "10.0.0.1/24" });
  act(s, { verb: "addr-add", ns: b, dev: "eth0", addr: "10.0.0.2/24" });
  for (const ns of refusal === 0 ? [] : [a, b]) {
    act(s, { verb: "iptables", ns, family: 4, table: "filter", op: "append", chain: "OUTPUT", spec: `-p tcp -m statistic --mode random --probability ${refusal} -j DROP` });
  }
  launch(s, b, "server", {});
  launch(s, a, "client", {});
  s.engine.run(4000 * SECOND);
  return { asked, answered, ends, left: s.packets.count };
}

test("every byte once and in order, and both ends close", () => {
  fc.assert(
    fc.property(cases, (each) => {
      const total = each.writes.reduce((sum, length) => sum + length, 0);
      const { asked, answered, ends, left } = run(each);
      expect(left).toBe(0);
      expect(asked).toEqual([...bytesFrom(0, asked.length)]);
      expect(answered).toEqual([...bytesFrom(7, answered.length)]);
      // A program that hears of a time-out has met more losses in a row than TCP bears.
      if (ends.some((end) => !/ 0$/.test(end))) return;
      expect(asked.length).toBe(total);
      expect(answered.length).toBe(each.answer);
    }),
    { numRuns: 60 },
  );
});

test("without losses both end in order", () => {
  const { ends } = run({ seed: 1, loss: 0, refusal: 0, delay: 1, writes: [3000, 10], answer: 5000 });
  expect(ends).toEqual(["client 0", "server 0"]);
});
