// As policy-all-pairs, with pods almost all unlike each other: the case in which sharing between pods helps least.
import type { Job } from "../job.js";
import { denseWith, oursWith, plainWith } from "./policy-all-pairs.js";

export const job: Job = {
  sizes: [1000],
  contenders: { ours: oursWith(1), plain: plainWith(1), peers: [{ name: "dense pod matrix", make: denseWith(1) }] },
};
