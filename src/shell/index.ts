export { type LabResult, runLab } from "./lab/run-lab.js";
export type { Output } from "./output.js";
export { Shell } from "./shell.js";
export { SHELL_PROGRAMS } from "./shell-programs.js";
