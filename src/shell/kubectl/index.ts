/** kubectl's commands and layouts over any source of objects. */
export { describeObject } from "./describe-command.js";
export { columnsOf, rowOf } from "./get/tables.js";
export { Kubectl } from "./kubectl.js";
export type { Applied, KeptRevision, KubectlSource, Refusal } from "./source.js";
