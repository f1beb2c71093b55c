/**
 * How endpoints go into slices with as few writes as can be: refresh what is there, top up slices that are written anyway,
 * then one untouched slice that gets fullest, then new ones. Read first: kubernetes endpointslice `reconciler.go`.
 */
import type { Endpoint, EndpointSlice } from "../api/index.js";
import { sameData } from "../base/same-data.js";

export interface Packing {
  /** what each slice is to hold that is to be written; the others stay */
  readonly updates: readonly { readonly slice: EndpointSlice; readonly endpoints: readonly Endpoint[] }[];
  readonly creates: readonly (readonly Endpoint[])[];
  readonly deletes: readonly EndpointSlice[];
}

interface Filling {
  readonly slice: EndpointSlice;
  endpoints: Endpoint[];
  written: boolean;
}

/** `existing` are slices of one group of ports, `wanted` its endpoints by pod key. */
export function packSlices(existing: readonly EndpointSlice[], wanted: ReadonlyMap<string, Endpoint>, most: number): Packing {
  const left = new Map(wanted);
  const fillings = existing.map((slice): Filling => refresh(slice, left));
  const deletes = fillings.filter((each) => each.endpoints.length === 0);
  const kept = fillings.filter((each) => each.endpoints.length > 0);
  let rest = [...left.values()];
  for (const filling of fullestFirst(kept.filter((each) => each.written))) {
    const room = most - filling.endpoints.length;
    filling.endpoints.push(...rest.slice(0, room));
    rest = rest.slice(room);
  }
  const creates: (readonly Endpoint[])[] = [];
  while (rest.length > 0) {
    const spare =
      rest.length < most
        ? bestFit(
            kept.filter((each) => !each.written),
            rest.length,
            most,
          )
        : undefined;
    if (spare !== undefined) {
      spare.endpoints.push(...rest);
      spare.written = true;
      break;
    }
    creates.push(rest.slice(0, most));
    rest = rest.slice(most);
  }
  const updates = kept.filter((each) => each.written).map(({ slice, endpoints }) => ({ slice, endpoints }));
  return { updates, creates, deletes: deletes.map((each) => each.slice) };
}

/** Keeps what is still wanted, in its place, as it is now. */
function refresh(slice: EndpointSlice, left: Map<string, Endpoint>): Filling {
  const endpoints: Endpoint[] = [];
  let written = false;
  for (const old of slice.endpoints) {
    const key = `${old.targetRef?.namespace}/${old.targetRef?.name}`;
    const now = left.get(key);
    left.delete(key);
    if (now !== undefined) endpoints.push(sameData(old, now) ? old : now);
    written ||= now === undefined || !sameData(old, now);
  }
  return { slice, endpoints, written };
}

function fullestFirst(fillings: readonly Filling[]): readonly Filling[] {
  return [...fillings].sort((a, b) => b.endpoints.length - a.endpoints.length);
}

/** The slice that has room for all of them and least to spare. */
function bestFit(fillings: readonly Filling[], count: number, most: number): Filling | undefined {
  return fullestFirst(fillings).find((each) => each.endpoints.length + count <= most);
}
