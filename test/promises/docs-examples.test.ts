import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { bundleProgram, withModule } from "../support/browser.js";
import { doors } from "../support/doors.js";
import { docstringExamples, type Example, examples, fencesOf, promised } from "../support/examples.js";
import { root } from "../support/shared.js";

// Every ```ts example in README.md, docs/ and the docstrings is type checked and run. It imports from the package's doors,
// and each `console.log(x) // => text` must print that text; an example that says nothing must at least not throw.

const name = (example: Example): string => `${example.file}:${example.line}`;

async function printed(example: Example): Promise<string[]> {
  const lines: string[] = [];
  const slot = "__podwireExampleLog";
  const scope = globalThis as unknown as Record<string, unknown>;
  scope[slot] = (...values: unknown[]) => lines.push(values.map((v) => (typeof v === "string" ? v : JSON.stringify(v))).join(" "));
  try {
    const text = await bundleProgram(example.text, { platform: "node", format: "esm", define: { "console.log": slot } });
    await withModule(text, async () => {});
  } finally {
    delete scope[slot];
  }
  return lines;
}

/** The compiler's words about some examples, checked as a reader's own modules. */
function typeProblems(all: readonly Example[]): string[] {
  const folder = mkdtempSync(join(root, "test/.examples-"));
  try {
    const files = new Map(all.map((example, at) => [join(folder, `example-${at}.mts`), example]));
    for (const [file, example] of files) writeFileSync(file, `${example.text}\nexport {};\n`);
    const program = ts.createProgram([...files.keys()], {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ["lib.es2024.d.ts"],
      types: ["node"],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      paths: Object.fromEntries(doors().map((door) => [door.specifier, [door.source]])),
    });
    return [...files].flatMap(([file, example]) => {
      const source = program.getSourceFile(file);
      const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return diagnostics.map((d) => {
        const at = source?.getLineAndCharacterOfPosition(d.start ?? 0).line ?? 0;
        return `${example.file}:${example.line + at} ${ts.flattenDiagnosticMessageText(d.messageText, " ")}`;
      });
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const all = examples();

describe("examples", () => {
  test("the first page has one", () => {
    expect(all.map((example) => example.file)).toContain("README.md");
  });

  test("are sound TypeScript", () => {
    expect(typeProblems(all)).toEqual([]);
  });

  test.each(all.map((example) => [name(example), example] as const))("%s", async (_, example) => {
    const lines = await printed(example);
    const expected = promised(example);
    if (expected.length > 0) expect(lines).toEqual(expected);
  });
});

describe("the reader of examples itself", () => {
  test("takes the ts fences of a page, with their lines", () => {
    const page = "# a\n```sh\nls\n```\n\n```ts\nf();\n```\n- b\n  ```ts\n  g();\n  ```\n";
    expect(fencesOf("a.md", page)).toEqual([
      { file: "a.md", line: 7, text: "f();" },
      { file: "a.md", line: 11, text: "g();" },
    ]);
  });

  test("takes the fences of docstrings alone", () => {
    const text = "/**\n * One.\n * @example\n * ```ts\n * f(); // => 1\n * ```\n */\nconst s = `\\`\\`\\`ts`;\n/* ```ts\nno\n``` */";
    const found = docstringExamples("a.ts", text);
    expect(found).toEqual([{ file: "a.ts", line: 5, text: "f(); // => 1" }]);
    expect(found.flatMap(promised)).toEqual(["1"]);
  });

  test("sees what an example prints, and its type errors", async () => {
    const example = { file: "x", line: 1, text: 'console.log("a", [1, 2]);\nconsole.log(3);' };
    expect(await printed(example)).toEqual(["a [1,2]", "3"]);
    expect(typeProblems([example, { file: "y", line: 5, text: "const a = 1;\nconst n: string = a;" }])).toEqual([
      "y:6 Type 'number' is not assignable to type 'string'.",
    ]);
  });
});
