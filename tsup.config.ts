import { defineConfig } from "tsup";
import { tuned } from "./.config/tuned.mjs";

const doors = {
  index: "src/index.ts",
  linux: "src/linux/index.ts",
  packet: "src/packet/index.ts",
  policy: "src/policy/index.ts",
  models: "src/models/index.ts",
  observe: "src/observe/index.ts",
  testing: "src/testing/index.ts",
};

// One configuration for all doors, so that they share their chunks: a class or a table exists once in a process.
export default defineConfig({
  entry: { ...doors, podwire: "src/cli/bin.ts" },
  format: ["esm", "cjs"],
  platform: "neutral",
  target: "es2022",
  tsconfig: "test/tsconfig.json",
  external: [/^node:/],
  removeNodeProtocol: false,
  splitting: true,
  sourcemap: true,
  minify: false,
  plugins: [
    {
      name: "tuned",
      renderChunk: (code, { map = null, path }) => (/\.c?js$/.test(path) ? { code: tuned(code), map } : undefined),
    },
  ],
  silent: true,
  // tsup passes `baseUrl` itself, which TypeScript 6 reports as deprecated.
  dts: { entry: doors, compilerOptions: { ignoreDeprecations: "6.0" } },
});
