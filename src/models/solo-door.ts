/** A door to a machine outside a cluster, for models that are tried by themselves. */
import { plumb } from "../linux/plumbing.js";
import type { Act } from "../linux/plumbing/act.js";
import type { Stack } from "../linux/stack.js";
import type { NodeDoor } from "./node-door.js";

/**
 * A door to the machine whose root namespace is row `ns`. What models remember is in its `memory`, and lasts as long as the door.
 * @param said hears every act that was done
 */
export function soloDoor(stack: Stack, ns: number, node: string, said: (act: Act) => void = () => undefined): NodeDoor {
  return {
    stack,
    ns,
    node,
    memory: new Map(),
    plumb(act) {
      const refused = plumb(stack, act);
      if (refused === null) said(act);
      return refused;
    },
    below: (what, n) => stack.streams.below(stack.streams.stream(`${node}/solo/${what}`), n),
    cause: (object, path) => stack.causes.of(object, path, "solo"),
  };
}
