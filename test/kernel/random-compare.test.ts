/** When a random lab is set aside because it asks in the tick in which a timer runs out. */
import { expect, test } from "vitest";
import { comesWithTime, simulatedRun } from "./random/compare.js";

/** The third question for a neighbour comes 2.01 to 2.06 s after the first, by the phase of the kernel's clock. */
const lab = `ip netns add node
ip netns add a
ip -n node link add va address 02:00:00:00:00:01 type veth peer name eth0 netns a
ip -n a link set eth0 address 02:00:00:00:00:02 up
ip -n node link set va up
ip -n a addr add 10.1.0.10/24 dev eth0
probe a udp 10.1.0.1 53 timeout=0.4 count=5
sleep 0.03
${"ip -n node rule show\n".repeat(6)}ip -n node -s link show dev va
`;
const received = (packets: number): RegExp => new RegExp(`^ +${packets * 42} +${packets} +0 +0 +0 +0 *$`, "m");
/** As Linux 6.18 printed it three times out of three; asked 50 ms earlier, it had received two. */
const AFTER_ITS_TOOLS = 3;

test("a lab of the timer's tick", () => {
  const ours = simulatedRun(lab);
  expect(ours).toMatch(received(2));
  const real = ours.replace(received(2), (line) => line.replace("84", "126").replace(/ 2 /, ` ${AFTER_ITS_TOOLS} `).replace(/^ /, ""));
  expect(real).toMatch(received(AFTER_ITS_TOOLS));
  expect(comesWithTime(lab, real)).toBe(true);
});

test("but not one that differs whatever the time", () => {
  const ours = simulatedRun(lab);
  expect(comesWithTime(lab, ours.replace("02:00:00:00:00:01", "02:00:00:00:00:03"))).toBe(false);
  // Nor one that time alone never leads to.
  expect(comesWithTime(lab, ours.replace(received(2), (line) => line.replace("84", "210").replace(/ 2 /, " 5 ").replace(/^ /, "")))).toBe(false);
});
