/** Longest-prefix match over typed arrays: the table of routes, of ipBlocks, of sets of networks. */
export { Lpm4 } from "./lpm4.js";
export { Lpm6 } from "./lpm6.js";
