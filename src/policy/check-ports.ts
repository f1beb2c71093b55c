/* Sets of ports as expectations name them, and what two sets have in common or apart. */
import type { AllowedPorts, PortRanges } from "./allowed-ports.js";
import type { Expectation } from "./check-expectation.js";
import type { Endpoint } from "./endpoint.js";

const names = ["TCP", "UDP", "SCTP"] as const;
const every: PortRanges = [[1, 65535]];

/** The ports that an expectation means at a destination; null when a name means nothing there. */
export function wantedPorts({ ports, protocol }: Expectation, to: Endpoint): AllowedPorts | null {
  if (ports.length === 0) return protocol === "" ? { TCP: every, UDP: every, SCTP: every } : { [protocol]: every };
  const ranges: (readonly [number, number])[] = [];
  for (const port of ports) {
    const found = rangesOf(port, protocol, to);
    if (found.length === 0) return null;
    ranges.push(...found);
  }
  return { [protocol]: ranges.sort((a, b) => a[0] - b[0]) };
}

function rangesOf(port: number | string, protocol: string, to: Endpoint): PortRanges {
  const written = /^(\d+)(?:-(\d+))?$/.exec(String(port));
  if (written !== null) return [[Number(written[1]), Number(written[2] ?? written[1])]];
  if (to.kind !== "pod") return [];
  return to.pod.named.filter((each) => each.name === port && each.protocol === protocol).map((each) => [each.number, each.number] as const);
}

/** Of `wanted`, what `open` has (`inside`) or lacks. */
export function partOf(wanted: AllowedPorts, open: AllowedPorts, inside: boolean): AllowedPorts | null {
  const parts = names.flatMap((name) => {
    const ranges = (wanted[name] ?? []).flatMap((each) => cut(each, open[name] ?? [], inside));
    return ranges.length === 0 ? [] : [[name, ranges] as const];
  });
  return parts.length === 0 ? null : Object.fromEntries(parts);
}

/** Stretches of one range that lie in sorted, merged ranges, or between them. */
function cut([first, last]: readonly [number, number], open: PortRanges, inside: boolean): PortRanges {
  const found: (readonly [number, number])[] = [];
  let next = first;
  for (const [low, high] of open) {
    if (high < next || low > last) continue;
    if (!inside && low > next) found.push([next, low - 1]);
    if (inside) found.push([Math.max(low, first), Math.min(high, last)]);
    next = high + 1;
  }
  if (!inside && next <= last) found.push([next, last]);
  return found;
}

/** A protocol and port of a set that is not empty. */
export function anyPort(ports: AllowedPorts): readonly [protocol: "TCP" | "UDP" | "SCTP", port: number] {
  const name = names.find((each) => ports[each] !== undefined)!;
  return [name, ports[name]![0]![0]];
}
