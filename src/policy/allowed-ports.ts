/* Sets of open ports between two ends, from the port classes of a matcher. */
import type { PolicyMatcher } from "./compile/matcher.js";

/** Port ranges, both bounds included. */
export type PortRanges = readonly (readonly [first: number, last: number])[];

/** Open ports by protocol: sorted, merged, inclusive ranges; a protocol with nothing open is left out. */
export interface AllowedPorts {
  readonly TCP?: PortRanges;
  readonly UDP?: PortRanges;
  readonly SCTP?: PortRanges;
}

interface Segment {
  readonly protocol: number;
  /** Place in the list of classes. */
  readonly place: number;
  readonly first: number;
  readonly last: number;
}

const names = ["TCP", "UDP", "SCTP"] as const;

/** Reads pairs of ends off a matcher; equal port sets are one object. */
export class PortSets {
  readonly #matcher: PolicyMatcher;
  readonly #segments: readonly Segment[];
  /** A protocol and port of each class. */
  readonly #samples: readonly (readonly [protocol: number, port: number])[];
  readonly #byMask = new Map<string | number, AllowedPorts | null>();
  readonly #mask: Int32Array;

  constructor(matcher: PolicyMatcher) {
    this.#matcher = matcher;
    const classes: number[] = [];
    const samples: (readonly [number, number])[] = [];
    this.#segments = names.flatMap((_, protocol) =>
      matcher.ports.ranges(protocol).map(({ portClass, first, last }) => {
        let place = classes.indexOf(portClass);
        if (place < 0) {
          place = classes.push(portClass) - 1;
          samples.push([protocol, first]);
        }
        return { protocol, place, first, last };
      }),
    );
    this.#samples = samples;
    this.#mask = new Int32Array(Math.ceil(classes.length / 30));
  }

  /** Takes in what is open from one end to another. */
  add(from: number, to: number): void {
    for (let place = 0; place < this.#samples.length; place++) {
      const [protocol, port] = this.#samples[place]!;
      if (this.#matcher.allows(from, to, protocol, port)) this.#mask[(place / 30) | 0]! |= 1 << (place % 30);
    }
  }

  /** All that was taken in since the last call; null when nothing was open. */
  take(): AllowedPorts | null {
    const key = this.#mask.length === 1 ? this.#mask[0]! : this.#mask.join();
    let ports = this.#byMask.get(key);
    if (ports === undefined) {
      ports = this.#read();
      this.#byMask.set(key, ports);
    }
    this.#mask.fill(0);
    return ports;
  }

  #read(): AllowedPorts | null {
    const lists: [number, number][][] = names.map(() => []);
    for (const { protocol, place, first, last } of this.#segments) {
      if (((this.#mask[(place / 30) | 0]! >>> (place % 30)) & 1) === 0) continue;
      const list = lists[protocol]!;
      const before = list.at(-1);
      if (before !== undefined && before[1] + 1 === first) before[1] = last;
      else list.push([first, last]);
    }
    const open = names.flatMap((name, protocol) => (lists[protocol]!.length === 0 ? [] : [[name, lists[protocol]!] as const]));
    return open.length === 0 ? null : Object.freeze(Object.fromEntries(open));
  }
}

/** Whether a port is in a set. */
export function isOpen(ports: AllowedPorts, protocol: "TCP" | "UDP" | "SCTP", port: number): boolean {
  return (ports[protocol] ?? []).some(([first, last]) => first <= port && port <= last);
}

/** Whether the same ports are open. */
export function equalPorts(a: AllowedPorts, b: AllowedPorts): boolean {
  return a === b || names.every((name) => JSON.stringify(a[name]) === JSON.stringify(b[name]));
}
