import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type BuildOptions, build } from "esbuild";
import { chromium } from "playwright-core";
import { doors } from "./doors.js";
import { chromiumPath } from "./requires.js";
import { root } from "./shared.js";

// One program, run in Node and in a headless browser, so that the answers can be compared. A program is the text of a
// module that exports `run(input)`; it imports from the package's doors ("podwire", "podwire/policy", ...) or from
// "./src/..." and "./test/...", and its input and its answer are JSON.

const FLAGS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

const TIMEOUT_MS = 120_000;

/** Bundles a program whose imports of the package's doors go to the sources. */
export async function bundleProgram(program: string, options: BuildOptions): Promise<string> {
  const behind = new Map(doors().map((door) => [door.specifier, door.source]));
  const built = await build({
    stdin: { contents: program, resolveDir: root, sourcefile: "program.ts", loader: "ts" },
    bundle: true,
    write: false,
    target: "es2022",
    logLevel: "silent",
    tsconfigRaw: {},
    plugins: [
      {
        name: "doors",
        setup(hooks) {
          hooks.onResolve({ filter: /^podwire(\/|$)/ }, (asked) => {
            const path = behind.get(asked.path);
            return path === undefined ? { errors: [{ text: `${asked.path} is not a door of the package` }] } : { path };
          });
        },
      },
    ],
    ...options,
  });
  const [file] = built.outputFiles ?? [];
  if (file === undefined) throw new Error("the bundler wrote nothing");
  return file.text;
}

/** Imports a bundled ES module from a temporary file, and hands it to `use`. */
export async function withModule<T>(text: string, use: (module: Record<string, unknown>) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "podwire-program-"));
  try {
    const file = join(folder, "program.mjs");
    writeFileSync(file, text);
    return await use((await import(/* @vite-ignore */ pathToFileURL(file).href)) as Record<string, unknown>);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs a program in this Node process. */
export async function runInNode<T>(program: string, input: unknown = null): Promise<T> {
  const text = await bundleProgram(program, { platform: "node", format: "esm" });
  return withModule(text, async (module) => {
    const answer = await (module["run"] as (input: unknown) => unknown)(JSON.parse(JSON.stringify(input)));
    return JSON.parse(JSON.stringify(answer)) as T;
  });
}

/** Runs a program in a page of headless Chromium; an error in the page is an error here. */
export async function runInBrowser<T>(program: string, input: unknown = null): Promise<T> {
  const executablePath = chromiumPath();
  if (executablePath === null) throw new Error("no chromium");
  const text = await bundleProgram(program, { platform: "browser", format: "iife", globalName: "program" });
  const browser = await chromium.launch({ executablePath, headless: true, args: FLAGS, timeout: TIMEOUT_MS });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(TIMEOUT_MS);
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(error.message));
    await page.setContent("<!doctype html><title>podwire</title>");
    await page.addScriptTag({ content: text });
    if (errors.length > 0) throw new Error(`the page failed while loading: ${errors.join("; ")}`);
    const given = JSON.stringify(JSON.stringify(input));
    const answer = await page.evaluate<string>(`(async () => JSON.stringify(await program.run(JSON.parse(${given}))))()`);
    return JSON.parse(answer) as T;
  } finally {
    await browser.close();
  }
}
