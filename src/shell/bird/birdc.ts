/** `birdc WORD...`: the daemon's control client, in BIRD 2's words. */
import { AppDoor } from "../../linux/sock/app.js";
import type { Stack } from "../../linux/stack.js";
import { birdOf, stopBird, withDaemon } from "../../models/bgp/bird-program.js";
import type { Daemon } from "../../models/bgp/daemon/daemon.js";
import { restartProtocol, startProtocol, stopProtocol, takeConfig } from "../../models/bgp/daemon/protocols.js";
import { KEYWORDS } from "../../models/bgp/config/keywords.js";
import { mapEntries } from "../../models/bgp/persistent-map.js";
import { matchesPattern } from "../../models/bgp/filter/sets.js";
import { showInterfaces, showStatus } from "./show-daemon.js";
import { showProtocols } from "./show-protocols.js";
import { showRoute } from "./show-route.js";

/** Where the lab's daemons keep the configuration that `configure` reads again. */
const confOf = (name: string): string => `/run/bird-${name}/conf`;

const NO_COMMAND = "No such command. Press `?' for help.";

/** What the client prints; `name` is the namespace's. */
export function birdc(s: Stack, ns: number, name: string, words: readonly string[]): string {
  const app = birdOf(s, ns);
  if (app === 0) return "";
  const [verb = "", ...rest] = words;
  if (verb === "down") {
    stopBird(s, app);
    return "Shutdown requested";
  }
  return withDaemon(new AppDoor(s, app), (d) => command(d, name, verb, rest)).join("\n");
}

function command(d: Daemon, name: string, verb: string, rest: readonly string[]): readonly string[] {
  switch (verb) {
    case "show":
      return show(d, rest);
    case "disable":
    case "enable":
    case "restart":
      return change(d, verb, rest[0] ?? "");
    case "configure":
      return configure(d, name, rest);
    case "reload":
      return ["not modelled: reload"];
    default:
      return [NO_COMMAND];
  }
}

/** What the parser says of a protocol's name that it does not know. */
function unknownName(d: Daemon, text: string, expecting: string): string {
  const known = mapEntries(d.tables).some(([table]) => table === text);
  const token = text === "" ? "END" : KEYWORDS.has(text) ? text.toUpperCase() : known ? "CF_SYM_KNOWN" : /^[\d.]+$/.test(text) ? "NUM" : "CF_SYM_UNDEFINED";
  return `syntax error, unexpected ${token}, expecting ${expecting}`;
}

/** Protocols that a word stands for: a name, a pattern in quotes, or all of them. */
function chosen(d: Daemon, text: string): readonly string[] {
  if (text === "all") return d.order;
  if (/^".*"$/.test(text) || /[*?]/.test(text)) return d.order.filter((one) => matchesPattern(text.replaceAll('"', ""), one));
  return d.order.includes(text) ? [text] : [];
}

function show(d: Daemon, words: readonly string[]): readonly string[] {
  const [what = "", ...rest] = words;
  if ("route".startsWith(what) && what.length >= 2) return showRoute(d, rest.join(" "));
  if ("protocols".startsWith(what) && what.length >= 1) {
    const all = rest[0] === "all";
    const [text = ""] = all ? rest.slice(1) : rest;
    const names = text === "" ? d.order : chosen(d, text);
    if (names.length === 0) return [/[*?"]/.test(text) ? "No protocols match" : unknownName(d, text, all ? "END or CF_SYM_KNOWN or TEXT" : "END or CF_SYM_KNOWN or TEXT or ALL")];
    return showProtocols(d, names, all);
  }
  if (what === "status") return showStatus(d);
  if (what === "interfaces") return showInterfaces(d);
  return [NO_COMMAND];
}

function change(d: Daemon, verb: "disable" | "enable" | "restart", text: string): readonly string[] {
  const names = chosen(d, text);
  if (names.length === 0) return [/[*?"]/.test(text) ? "No protocols match" : unknownName(d, text, "CF_SYM_KNOWN or TEXT or ALL")];
  return names.map((name) => {
    const { disabled } = d.protocol(name);
    if (verb === "disable") {
      if (disabled) return `${name}: already disabled`;
      d.setProtocol(name, { disabled: true });
      stopProtocol(d, name);
      return `${name}: disabled`;
    }
    if (verb === "enable") {
      if (!disabled) return `${name}: already enabled`;
      d.setProtocol(name, { disabled: false });
      startProtocol(d, name);
      return `${name}: enabled`;
    }
    if (disabled) return `${name}: already disabled`;
    restartProtocol(d, name);
    return `${name}: restarted`;
  });
}

function configure(d: Daemon, name: string, words: readonly string[]): readonly string[] {
  const reading = `Reading configuration from ${confOf(name)}`;
  if (words[0] === "check") return [reading, "Configuration OK"];
  takeConfig(d, d.config, d.text);
  return [reading, "Reconfigured"];
}
