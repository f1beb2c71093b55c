// Property tests draw from a stated seed, so that the same code passes or fails alike on every machine; `npm run prove` and
// PODWIRE_SEED=moving draw anew each time. fast-check prints the seed of what it finds, and PODWIRE_SEED=N draws from it again.
// Where a test says how long a list may be, lists are drawn up to that length: fast-check alone would stop at ten.
import fc from "fast-check";

const asked = process.env["PODWIRE_SEED"] ?? (process.env["PODWIRE_PROVE"] === "1" ? "moving" : "20261120");
fc.configureGlobal({
  ...fc.readConfigureGlobal(),
  defaultSizeToMaxWhenMaxSpecified: true,
  ...(asked === "moving" ? {} : { seed: Number(asked) }),
});
