/** `ip netns`. */
import { Ended, NotModelled, type Output, said } from "../output.js";
import { act, namespaceNames, namespaceOf, type Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { netnsByName } from "../../linux/netns.js";
import { type IpOptions, printed, type RunIn } from "./ip-options.js";

const VERBS = ["list", "show", "lst", "add", "set", "attach", "delete", "identify", "pids", "exec", "monitor", "list-id"] as const;

export function ipNetns(place: Place, options: IpOptions, reader: WordReader, runIn: RunIn): Output {
  const word = reader.done ? "list" : reader.take();
  const verb = VERBS.find((known) => known.startsWith(word));
  const { s, home } = place;
  const node = s.ns.c.node[home]!;
  if (verb === "list" || verb === "show" || verb === "lst") {
    const names = namespaceNames(place);
    return said(options.json ? printed(options, names.map((name) => ({ name }))) : names.join("\n"));
  }
  if (verb === "add") {
    if (reader.done) throw new Ended(1, "No netns name specified");
    const done = act(place, { verb: "netns-add", node, name: reader.take() });
    return done.code === 0 ? done : { ...done, code: 1 };
  }
  if (verb === "delete") {
    if (reader.done) throw new Ended(1, "No netns name specified");
    const name = reader.take();
    const ns = netnsByName(s, node, name);
    if (ns === 0) throw new Ended(1, `Cannot remove namespace file "/run/netns/${name}": No such file or directory`);
    return act(place, { verb: "netns-del", ns });
  }
  if (verb === "exec") {
    if (reader.done) throw new Ended(1, "No netns name specified");
    const ns = namespaceOf(place, reader.take());
    if (reader.done) throw new Ended(1, "No command specified");
    return runIn({ ...place, ns }, reader.rest());
  }
  if (verb === undefined) throw new Ended(255, `Command "${word}" is unknown, try "ip netns help".`);
  throw new NotModelled(`ip netns ${verb}`);
}
