// Imports every door of the installed package as an ES module.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const manifest = JSON.parse(readFileSync(createRequire(import.meta.url).resolve("podwire/package.json"), "utf8"));
for (const path of Object.keys(manifest.exports)) {
  if (path === "./package.json") continue;
  const door = `podwire${path.slice(1)}`;
  const names = Object.keys(await import(door));
  if (names.length === 0) throw new Error(`${door} opens nothing`);
  console.log(`${door}: ${names.length} names`);
}
