/**
 * Simulated Linux kernels: namespaces, devices, routing, netfilter, sockets; written to by acts, driven by an engine.
 * @packageDocumentation
 */
export { createStack, type StackOptions } from "./boot.js";
export { deviceByName, deviceName, devicesOf } from "./device.js";
export { netnsByName } from "./netns.js";
export { NUD } from "./neigh-table.js";
export type * from "./plumbing/act.js";
export { plumb } from "./plumbing.js";
export { DEV, DEVF, EV, HOOK, NF, type Stack } from "./stack.js";
export { stackParts } from "./stack-parts.js";
