import type { Words } from "../base/cidr.js";
import type { Nexthop } from "./nexthop.js";

/** A prefix by its key, see `prefixKey`. */
export interface RoutePrefix {
  readonly key: string;
  readonly words: Words;
}

/** Prefixes that are remembered at most. */
const MOST_PREFIXES = 65_536;

/** What the routes of many namespaces have in common, held once: keys and words of prefixes, and ways out by a device alone. A cache. */
export class RouteParts {
  private readonly prefixes = new Map<string, RoutePrefix>();
  private readonly links: (readonly Nexthop[] | undefined)[] = [];

  /** The record of a prefix; these words if none is known. */
  prefix(key: string, words: Words): RoutePrefix {
    let known = this.prefixes.get(key);
    if (known === undefined) {
      if (this.prefixes.size >= MOST_PREFIXES) this.prefixes.clear();
      known = Object.freeze({ key, words: Object.freeze(words) });
      this.prefixes.set(key, known);
    }
    return known;
  }

  /** The hops of a route to what is on a device's own link. */
  link(dev: number): readonly Nexthop[] {
    while (this.links.length <= dev) this.links.push(undefined);
    return (this.links[dev] ??= Object.freeze([Object.freeze({ dev, via: 0, weight: 1, onlink: false } as Nexthop)]));
  }
}
