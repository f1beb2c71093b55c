// Requires every door of the installed package from CommonJS.
const manifest = require("podwire/package.json");

for (const path of Object.keys(manifest.exports)) {
  if (path === "./package.json") continue;
  const door = `podwire${path.slice(1)}`;
  const names = Object.keys(require(door));
  if (names.length === 0) throw new Error(`${door} opens nothing`);
  console.log(`${door}: ${names.length} names`);
}
