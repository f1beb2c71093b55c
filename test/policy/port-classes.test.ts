import fc from "fast-check";
import { expect, test } from "vitest";
import { otherProtocol, PortClasses } from "../../src/policy/compile/port-classes.js";

const range = fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 65535 }), fc.oneof(fc.nat(600), fc.nat(65534))).map(([protocol, first, length]) => ({ protocol, first, last: Math.min(65535, first + length) }));

test("two ports share a class exactly when the same entries cover them, also after more came", () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 6 }), fc.array(range, { maxLength: 4 }), (some, more) => {
      const ports = new PortClasses(false);
      const known: { protocol: number; first: number; last: number; entry: number }[] = [];
      for (const batch of [some, more]) {
        for (const each of batch) known.push({ ...each, entry: ports.entry(each.protocol, each.first, each.last) });
        ports.settle();
        const edges = known.flatMap(({ first, last }) => [first - 1, first, last, last + 1]).filter((port) => port >= 0 && port <= 65535);
        for (const port of [0, 255, 256, 511, 512, 65535, ...edges]) {
          for (let protocol = 0; protocol <= otherProtocol; protocol++) {
            const portClass = ports.classOf(protocol, port);
            const covering = known.filter((each) => each.protocol === protocol && each.first <= port && port <= each.last).map((each) => each.entry);
            for (const { entry } of known) expect(ports.coversAny(portClass, [entry])).toBe(covering.includes(entry));
          }
        }
      }
    }),
  );
});

test("a class keeps its number when entries come that do not touch it", () => {
  const ports = new PortClasses(false);
  ports.entry(0, 80, 80);
  ports.settle();
  const before = ports.classOf(0, 80);
  ports.entry(0, 90, 99);
  ports.settle();
  expect(ports.classOf(0, 80)).toBe(before);
  expect(ports.classOf(1, 80)).toBe(0);
});
