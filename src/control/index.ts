/** The control plane: store, controllers, kubelets and node agents. */
export type { ApplyOptions } from "./admission.js";
export { clusterCidrFault } from "./cidr-set.js";
export { ControlPlane, type ControlPlaneState } from "./control-plane.js";
export { type Delays, defaultDelays } from "./delays.js";
export type { ControlPlaneOptions, NodeLocalDns, PlaneNode, ProgramChoice } from "./options.js";
export { defaultProgram } from "./programs.js";
export type { TemplateRevision } from "./revisions.js";
export type { Change } from "./store.js";
