/** Reads a configuration of BIRD 2: what the labs and Calico's templates use of its language. */
import { SECOND } from "../../../base/time.js";
import type { BgpConfig, BirdConfig, ProtocolConfig } from "./config.js";
import { ConfigError } from "./config-error.js";
import { Cursor } from "./cursor.js";
import type { Expression, FunctionTree, Statement } from "./expression-tree.js";
import { newChannel, NOT_GIVEN } from "./read-channel.js";
import { readExpression } from "./read-expression.js";
import { KINDS, newProtocol, type ProtocolDraft, readProtocol } from "./read-protocol.js";
import { readFilterBody, readFunction } from "./read-statement.js";

interface Draft {
  routerId: string;
  hostname: string;
  readonly tables: { name: string; family: 4 | 6 }[];
  readonly protocols: ProtocolConfig[];
  readonly templates: Map<string, ProtocolDraft>;
  readonly filters: Map<string, readonly Statement[]>;
  readonly functions: Record<string, FunctionTree>;
  readonly constants: Record<string, Expression>;
  readonly counters: Map<string, number>;
  gracefulWait: number;
}

/** Options of the whole that change nothing here. */
const IGNORED: readonly (readonly string[])[] = [["log"], ["debug"], ["mrtdump"], ["timeformat"], ["watchdog"], ["cli"], ["listen"], ["eval"]];

/** The configuration, or the line that BIRD prints about it after `bird: ` with the file's name in front. */
export function readConfig(text: string, file = "conf"): BirdConfig | string {
  try {
    return readAll(text);
  } catch (fault) {
    if (!(fault instanceof ConfigError)) throw fault;
    return `${file}:${fault.message}`;
  }
}

function readAll(text: string): BirdConfig {
  const c = new Cursor(text);
  const d: Draft = {
    routerId: "",
    hostname: "",
    tables: [{ name: "master4", family: 4 }, { name: "master6", family: 6 }],
    protocols: [],
    templates: new Map(),
    filters: new Map(),
    functions: {},
    constants: {},
    counters: new Map(),
    gracefulWait: 240,
  };
  for (const { name } of d.tables) c.names.add(name);
  while (c.token.kind !== "end") readTop(c, d);
  if (d.protocols.length === 0) throw c.fail("No protocol is specified in the config file");
  return Object.freeze({
    routerId: d.routerId,
    hostname: d.hostname,
    tables: Object.freeze(d.tables.map((one) => Object.freeze(one))),
    protocols: Object.freeze(d.protocols),
    named: Object.freeze(Object.fromEntries(d.protocols.map((one) => [one.name, one]))),
    functions: Object.freeze(d.functions),
    constants: Object.freeze(d.constants),
    gracefulWait: d.gracefulWait,
  });
}

function readTop(c: Cursor, d: Draft): void {
  if (c.accept(";")) return;
  if (c.phrase(["protocol"])) return readDefinition(c, d, false);
  if (c.phrase(["template"])) return readDefinition(c, d, true);
  if (c.phrase(["filter"])) {
    const name = declare(c);
    d.filters.set(name, readFilterBody(c));
    return;
  }
  if (c.phrase(["function"])) {
    const name = declare(c);
    d.functions[name] = readFunction(c);
    return;
  }
  if (c.phrase(["define"])) {
    const name = declare(c);
    c.expect("=");
    d.constants[name] = readExpression(c);
  } else if (c.phrase(["router", "id", "from"])) c.skipOption();
  else if (c.phrase(["router", "id"])) d.routerId = c.quad();
  else if (c.phrase(["hostname"])) d.hostname = c.text();
  else if (c.phrase(["graceful", "restart", "wait"])) d.gracefulWait = Math.round(c.time() / SECOND);
  else if (c.is("ipv4") || c.is("ipv6")) {
    const family = c.take().text === "ipv4" ? 4 : 6;
    c.expect("table");
    const name = declare(c);
    if (d.tables.every((one) => one.name !== name)) d.tables.push({ name, family });
    if (!c.is(";")) c.skipOption();
  } else if (IGNORED.some((words) => c.phrase(words))) c.skipOption();
  else throw c.unexpected();
  c.expect(";");
}

function declare(c: Cursor): string {
  const name = c.name();
  c.names.add(name);
  return name;
}

function readDefinition(c: Cursor, d: Draft, template: boolean): void {
  const kindToken = c.token;
  const kind = KINDS.find((one) => c.phrase([one]));
  if (kind === undefined) throw c.unexpected();
  const { line } = kindToken;
  let name = "";
  if (c.token.kind === "symbol" && !c.is("from")) {
    name = c.name();
    if (d.protocols.some((one) => one.name === name)) throw c.fail(`Symbol '${name}' already defined`);
    c.names.add(name);
  } else {
    const n = (d.counters.get(kind) ?? 0) + 1;
    d.counters.set(kind, n);
    name = `${kind}${n}`;
    c.names.add(name);
  }
  let from: ProtocolDraft | null = null;
  if (c.phrase(["from"])) {
    const known = d.templates.get(c.token.text);
    if (known === undefined) throw c.names.has(c.token.text) ? c.fail("Template or protocol name expected") : c.unexpected("CF_SYM_KNOWN");
    c.take();
    from = known;
  }
  const draft = newProtocol(kind, name, line, from);
  readProtocol(c, draft, d.filters);
  // Whoever is a template can also be one that runs.
  d.templates.set(name, draft);
  if (!template) d.protocols.push(finish(c, draft));
}

/** What depends on all options together, and what must not be missing. */
function finish(c: Cursor, draft: ProtocolDraft): ProtocolConfig {
  const { config } = draft;
  // An error is that of the place where the block ends.
  const fail = (words: string): ConfigError => c.fail(words, c.last);
  if (config.kind === "kernel" || config.kind === "static") {
    if (config.channels.length === 0) throw fail("Channel not specified");
  }
  if (config.kind === "bgp") finishBgp(config, draft, fail);
  return Object.freeze(config) as ProtocolConfig;
}

function finishBgp(config: { -readonly [K in keyof BgpConfig]: BgpConfig[K] }, draft: ProtocolDraft, fail: (words: string) => ConfigError): void {
  if (config.localAs === 0) throw fail("Local AS number must be set");
  if (config.remoteIp === "") throw fail("Neighbor must be configured");
  if (config.remoteAs === 0) throw fail("Remote AS number (or peer type) must be set");
  const internal = config.localAs === config.remoteAs;
  if (!internal && config.rrClient) throw fail("Only internal neighbor can be RR client");
  if (config.multihop < 0) config.multihop = internal ? 64 : 0;
  if (!draft.extra.checkLinkGiven) config.checkLink = config.multihop === 0;
  for (const { importFilter, exportFilter, gateway } of config.channels) {
    if (!internal && importFilter === NOT_GIVEN) throw fail("EBGP requires explicit import policy");
    if (!internal && exportFilter === NOT_GIVEN) throw fail("EBGP requires explicit export policy");
    if (gateway === "direct" && config.multihop > 0) throw fail("Multihop BGP cannot use direct gateway mode");
  }
  config.channels = Object.freeze(config.channels.map((one) => (one.importFilter === NOT_GIVEN ? Object.freeze({ ...one, importFilter: Object.freeze({ kind: "all" } as const) }) : one)));
  if (config.channels.length === 0) config.channels = Object.freeze([newChannel(config.remoteIp.includes(":") ? 6 : 4, NOT_GIVEN)]);
}
