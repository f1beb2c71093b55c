/** `-i`, `-o`, `--physdev-in` ...: names of devices, with `+` at the end for any rest. */
import type { Stack } from "../stack.js";
import type { DeviceTest } from "./rule.js";
import { parameterFault } from "./spec-fault.js";

const LONGEST = 15;

export function parseDevice(s: Stack, text: string, not: boolean): DeviceTest {
  if (text.length > LONGEST) throw parameterFault(`interface name \`${text}' must be shorter than IFNAMSIZ (15)`);
  if (text.endsWith("+")) return Object.freeze({ not, name: 0, prefix: text.slice(0, -1) });
  return Object.freeze({ not, name: s.nf.names.of(text), prefix: "" });
}

export function formatDevice(s: Stack, test: DeviceTest): string {
  return test.name === 0 ? `${test.prefix}+` : s.nf.names.name(test.name);
}

/** Id of a device's name; 0 if no rule speaks of it, or for no device. */
export function deviceNameId(s: Stack, dev: number): number {
  return dev === 0 ? 0 : s.nf.names.find(s.devInfo.get(dev)!.name);
}

/** `nameId` is `deviceNameId` of `dev`. */
export function testDevice(s: Stack, test: DeviceTest, dev: number, nameId: number): boolean {
  if (test.name !== 0) return (nameId === test.name) !== test.not;
  return (test.prefix === "" || (dev !== 0 && s.devInfo.get(dev)!.name.startsWith(test.prefix))) !== test.not;
}
