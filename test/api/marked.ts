import { expect, test } from "vitest";
import { formatProblem } from "../../src/base/problem.js";
import { readManifests, type ReadOptions } from "../../src/api/read-manifests.js";
import { validate } from "../../src/api/validate/index.js";

/**
 * A manifest in which each `@@` stands before the place of a problem, and the problems: `path: message`, in the order
 * of the API server. With fewer marks than problems the last mark serves the rest.
 */
export type Row = readonly [name: string, manifest: string, ...problems: readonly string[]];

interface Mark {
  readonly line: number;
  readonly column: number;
}

function unmark(manifest: string): { readonly text: string; readonly marks: readonly Mark[] } {
  const marks: Mark[] = [];
  const lines = manifest.split("\n").map((line, index) => {
    let rest = line;
    for (let at = rest.indexOf("@@"); at >= 0; at = rest.indexOf("@@")) {
      marks.push({ line: index + 1, column: at + 1 });
      rest = rest.slice(0, at) + rest.slice(at + 2);
    }
    return rest;
  });
  return { text: lines.join("\n"), marks };
}

/** Everything that reading and validating a text says, as lines of `file:line:col: path: message`. */
export function problemsOf(text: string, options: ReadOptions = {}): readonly string[] {
  const read = readManifests([{ name: "m.yaml", text }], options);
  const judged = read.objects.flatMap((located) => validate(located, options));
  return [...read.problems, ...judged].map(formatProblem);
}

/** One test for each row. */
export function testRows(rows: readonly Row[], options: ReadOptions = {}): void {
  test.each(rows)("%s", (_name, manifest, ...problems) => {
    const { text, marks } = unmark(manifest);
    const expected = problems.map((problem, index) => {
      const mark = marks[index] ?? marks.at(-1) ?? { line: 0, column: 0 };
      return `m.yaml:${mark.line}:${mark.column}: ${problem}`;
    });
    expect(problemsOf(text, options)).toEqual(expected);
  });
}

/** Indents a block of YAML. */
export function indent(block: string, by: number): string {
  return block
    .split("\n")
    .map((line) => (line === "" ? line : " ".repeat(by) + line))
    .join("\n");
}

/** An object of which only the head and the spec are given. */
export function manifest(apiVersion: string, kind: string, spec: string, metadata = "name: web"): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata:\n${indent(metadata, 2)}\nspec:\n${indent(spec, 2)}\n`;
}

export const dnsLabel =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
export const dns1035Label =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
export const dnsSubdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
export const labelKey =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
export const labelValue =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
export const portRange = "must be between 1 and 65535, inclusive";
export const ipText = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
export const cidrText = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
