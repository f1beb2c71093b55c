// As policy-all-pairs, with pods almost all unlike each other: the case in which sharing between pods helps least.
import type { Job } from "../job.js";
import { dense, givenWith, ours, plain } from "./policy-all-pairs.js";

export const job: Job = {
  sizes: [1000],
  given: givenWith(1),
  contenders: { ours, plain, peers: [{ name: "dense pod matrix", make: dense }] },
};
