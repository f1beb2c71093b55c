import { build } from "esbuild";
import { describe, expect, test } from "vitest";
import { runInBrowser, runInNode } from "../support/browser.js";
import { doors } from "../support/doors.js";
import { describeWith, needs } from "../support/requires.js";
import { root } from "../support/shared.js";

// What the package itself may bring into a page; fast-check comes with `podwire/testing` alone.
const ALLOWED = ["ip-address", "ipaddr.js", "yaml"];
const ALLOWED_IN_TESTING = [...ALLOWED, "fast-check", "pure-rand"];

async function bundled(source: string): Promise<string[]> {
  const result = await build({
    entryPoints: [source],
    absWorkingDir: root,
    bundle: true,
    write: false,
    metafile: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    logLevel: "silent",
  });
  return Object.keys(result.metafile.inputs);
}

function packagesOf(inputs: readonly string[]): string[] {
  const names = inputs.flatMap((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*node_modules\/)/.exec(path)?.[1] ?? []);
  return [...new Set(names)].sort((x, y) => (x < y ? -1 : 1));
}

describe("every public door bundles for the browser", () => {
  test.each(doors())("$specifier", async ({ specifier, source }) => {
    const inputs = await bundled(source);
    expect(inputs.filter((path) => path.startsWith("src/cli/"))).toEqual([]);
    const allowed = specifier === "podwire/testing" ? ALLOWED_IN_TESTING : ALLOWED;
    expect(packagesOf(inputs).filter((name) => !allowed.includes(name))).toEqual([]);
  });

  test("the gate bites: what imports Node does not bundle", async () => {
    await expect(bundled(`${root}/src/cli/main.ts`)).rejects.toThrow(/node:/);
  });

  test("judging policies needs no packets", async () => {
    const policy = doors().find((door) => door.specifier === "podwire/policy");
    const rooms = (await bundled(policy?.source ?? "")).map((path) => path.split("/").slice(0, 2).join("/"));
    expect(rooms.filter((room) => room === "src/linux" || room === "src/packet" || room === "src/engine")).toEqual([]);
  });
});

// Loads each door and names what it opens: an import that needs a host, or does something, shows here.
const PROGRAM = `${doors()
  .map((door, at) => `import * as door${at} from ${JSON.stringify(door.specifier)};`)
  .join("\n")}
export function run() {
  return { names: [${doors().map((_, at) => `Object.keys(door${at})`)}] };
}`;

interface Opened {
  readonly names: readonly (readonly string[])[];
}

describeWith("every public door opens in Chromium", [needs.chromium], () => {
  test("with the same names as in Node", async () => {
    const [page, node] = [await runInBrowser<Opened>(PROGRAM), await runInNode<Opened>(PROGRAM)];
    expect(page.names).toEqual(node.names);
    expect(page.names.map((names) => names.length > 0)).toEqual(doors().map(() => true));
  });
});
