import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { root } from "../support/shared.js";

const types = join(root, "node_modules/@kubernetes/client-node/dist/index.d.ts");

function diagnosticsOf(source: string, clientNode: string): readonly string[] {
  const file = resolve(root, "test/api/client-node-fit.ts");
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    lib: ["lib.es2022.d.ts"],
    types: [],
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    strict: true,
    exactOptionalPropertyTypes: true,
    noEmit: true,
    skipLibCheck: true,
    paths: { "@kubernetes/client-node": [clientNode] },
  };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (path) => path === file || fileExists(path);
  host.readFile = (path) => (path === file ? source : readFile(path));
  host.getSourceFile = (path, ...rest) =>
    path === file ? ts.createSourceFile(path, source, ts.ScriptTarget.ES2022) : getSourceFile(path, ...rest);
  const program = ts.createProgram([file, resolve(root, "src/globals.d.ts")], options, host);
  return ts.getPreEmitDiagnostics(program).map((each) => ts.flattenDiagnosticMessageText(each.messageText, "\n"));
}

describe("our types and @kubernetes/client-node's", () => {
  const source = readFileSync(join(import.meta.dirname, "client-node-fit.txt"), "utf8");

  test("fit", () => {
    expect(diagnosticsOf(source, types)).toEqual([]);
  });

  test("the check notices a field that does not fit", () => {
    const broken = source.replace("pod: Known<api.Pod>", "pod: Omit<Known<api.Pod>, 'spec'> & { readonly spec: { readonly containers: readonly string[] } }");
    expect(diagnosticsOf(broken, types)).not.toEqual([]);
  });
});
