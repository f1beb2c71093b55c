import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout's top folder. */
export const root: string = resolve(dirname(fileURLToPath(import.meta.url)), "../..");

const beside = resolve(root, "../shared");

/** The folder of recorded cases beside the checkout, or null where there is none. */
export const shared: string | null = existsSync(resolve(beside, "cases")) ? beside : null;
