/** What a model on a node may touch: the kernel's writing door, its own memory, chance by name, and causes. */
import type { Act, ActResult } from "../linux/plumbing/act.js";
import type { Stack } from "../linux/stack.js";

/** One node, for one model: made by the node agent for each call. */
export interface NodeDoor {
  /** the simulated kernels, for reading */
  readonly stack: Stack;
  /** the node's root namespace */
  readonly ns: number;
  readonly node: string;
  /** the one writing door; every act is kept for the node's transcript */
  plumb(act: Act): ActResult;
  /** what the model remembers about this node: frozen plain records by its own keys, saved with the world */
  readonly memory: Map<string, unknown>;
  /** [0, n) from the stream `NODE/MODEL/what` */
  below(what: string, n: number): number;
  /** number of a cause, for acts and rules */
  cause(object: string, path: string): number;
}

/** A node for a CNI, whose daemons also share what they keep in the API's datastore. */
export interface CniDoor extends NodeDoor {
  /** what the model remembers of the whole cluster: frozen plain records by its own keys, saved with the world */
  readonly shared: Map<string, unknown>;
  /** has the model's daemons on all nodes look at what is shared, once for all that changes in a short while */
  announce(): void;
}
