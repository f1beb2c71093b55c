import type { Program } from "../linux/sock/app.js";
import { birdProgram } from "../models/bgp/bird-program.js";
import { labProbe } from "./lab/probe-program.js";
import { labServer } from "./lab/server-program.js";
import { arpingProgram } from "./ping/arping-program.js";
import { echoProgram } from "./ping/echo-program.js";
import { pathProgram } from "./ping/path-program.js";

/** Programs that commands start; a world where a `Shell` is used must be made with them. */
export const SHELL_PROGRAMS: readonly Program[] = Object.freeze([echoProgram, pathProgram, arpingProgram, labServer, labProbe, birdProgram]);
