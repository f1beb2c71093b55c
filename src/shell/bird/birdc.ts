/** `birdc WORD...`: the daemon's control client, in BIRD 2's words. */
import { AppDoor } from "../../linux/sock/app.js";
import type { Stack } from "../../linux/stack.js";
import { birdOf, stopBird, withDaemon } from "../../models/bgp/bird-program.js";
import type { Daemon } from "../../models/bgp/daemon/daemon.js";
import { reloadProtocol, restartProtocol, startProtocol, stopProtocol } from "../../models/bgp/daemon/protocols.js";
import { readConfig } from "../../models/bgp/config/read-config.js";
import { Cursor } from "../../models/bgp/config/cursor.js";
import { matchesPattern } from "../../models/bgp/filter/sets.js";
import { takeConfig } from "../../models/bgp/daemon/reconfigure.js";
import { showInterfaces, showStatus } from "./show-daemon.js";
import { showProtocols } from "./show-protocols.js";
import { showRoute } from "./show-route.js";

/** Where the lab's daemons keep the configuration that `configure` reads again. */
const confOf = (name: string): string => `/run/bird-${name}/conf`;

const NO_COMMAND = "No such command. Press `?' for help.";

/** What the client prints; `name` is the namespace's, `conf` the text that `configure` finds in the daemon's file, its own unless given. */
export function birdc(s: Stack, ns: number, name: string, words: readonly string[], conf?: string): string {
  const app = birdOf(s, ns);
  if (app === 0) return "";
  const [verb = "", ...rest] = words;
  if (verb === "down") {
    stopBird(s, app);
    return "Shutdown requested";
  }
  if (verb === "graceful" && words[1] === "restart") {
    stopBird(s, app, true);
    return "Graceful restart requested";
  }
  return withDaemon(new AppDoor(s, app), (d) => command(d, name, conf ?? d.text, verb, rest)).join("\n");
}

function command(d: Daemon, name: string, conf: string, verb: string, rest: readonly string[]): readonly string[] {
  switch (verb) {
    case "show":
      return show(d, rest);
    case "disable":
    case "enable":
    case "restart":
      return change(d, verb, rest);
    case "configure":
      return configure(d, name, conf, rest);
    case "reload":
      return reload(d, rest);
    default:
      return [NO_COMMAND];
  }
}

/** Protocols that words stand for: a name, a pattern in quotes, all of them; or the words of a refusal. */
function chosen(d: Daemon, words: readonly string[], expecting: string): readonly string[] | string {
  const c = new Cursor(words.join(" "));
  for (const name of [...d.order, ...d.tableNames()]) c.names.add(name);
  const { kind, text } = c.token;
  if (kind === "text") {
    const names = d.order.filter((one) => matchesPattern(text, one));
    return names.length === 0 ? "No protocols match" : names;
  }
  if (kind === "symbol" && text === "all") return d.order;
  if (kind === "symbol" && d.order.includes(text)) {
    c.take();
    return c.token.kind === "end" ? [text] : c.unexpected("END or TEXT").words;
  }
  if (kind === "symbol" && c.names.has(text)) return "Protocol name required";
  return c.unexpected(expecting).words;
}

function show(d: Daemon, words: readonly string[]): readonly string[] {
  const [what = "", ...rest] = words;
  if ("route".startsWith(what) && what.length >= 2) return showRoute(d, rest.join(" "));
  if ("protocols".startsWith(what) && what.length >= 1) {
    const all = rest[0] === "all";
    const asked = all ? rest.slice(1) : rest;
    const names = asked.length === 0 ? d.order : chosen(d, asked, all ? "END or CF_SYM_KNOWN or TEXT" : "END or CF_SYM_KNOWN or TEXT or ALL");
    return typeof names === "string" ? [names] : showProtocols(d, names, all);
  }
  if (what === "status") return showStatus(d);
  if (what === "interfaces") return showInterfaces(d);
  return [NO_COMMAND];
}

function change(d: Daemon, verb: "disable" | "enable" | "restart", words: readonly string[]): readonly string[] {
  const names = chosen(d, words, "CF_SYM_KNOWN or TEXT or ALL");
  if (typeof names === "string") return [names];
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

/** Routes are told again, as if the session were new: asked of the peer, or told to it. */
function reload(d: Daemon, words: readonly string[]): readonly string[] {
  const way = words[0] === "in" || words[0] === "out" ? words[0] : "";
  const names = chosen(d, way === "" ? words : words.slice(1), "CF_SYM_KNOWN or TEXT or ALL");
  if (typeof names === "string") return [names];
  return names.map((name) => {
    if (d.protocol(name).state !== "up") return `${name}: ${d.protocol(name).disabled ? "already disabled" : "reloading"}`;
    reloadProtocol(d, name, way !== "out", way !== "in");
    return `${name}: reloading`;
  });
}

function configure(d: Daemon, name: string, conf: string, words: readonly string[]): readonly string[] {
  const reading = `Reading configuration from ${confOf(name)}`;
  const config = readConfig(conf, confOf(name));
  if (typeof config === "string") return [reading, config];
  if (words[0] === "check") return [reading, "Configuration OK"];
  return [reading, takeConfig(d, config, conf) ? "Reconfiguration in progress" : "Reconfigured"];
}
