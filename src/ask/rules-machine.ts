/** A machine made of a proxy's configuration alone: its addresses, one wire that every route leads to, and nothing else. */
import { createWorld, type World } from "../cluster/world.js";
import { Streams } from "../engine/rng.js";
import { netnsByName } from "../linux/netns.js";
import { plumb } from "../linux/plumbing.js";
import type { Act } from "../linux/plumbing/act.js";
import type { NodeDoor } from "../models/node-door.js";
import type { ProxyConfig } from "../models/proxy/index.js";
import { canonicalAddress, isLoopback } from "../models/proxy/sloppy-address.js";

export interface RulesMachine {
  readonly world: World;
  /** the machine's root namespace */
  readonly ns: number;
  readonly door: NodeDoor;
}

/** The device that everything comes in and goes out by. */
export const WIRE_DEVICE = "eth0";
const GATEWAY = Object.freeze({ 4: "192.168.255.1", 6: "fe80::99" });

/** Everything leaves by the device it came in by, of which nobody is to be told. */
const SYSCTLS = Object.freeze({
  4: [["net.ipv4.ip_forward", "1"], ["net.ipv4.conf.all.route_localnet", "1"], ["net.ipv4.conf.all.send_redirects", "0"]] as const,
  6: [["net.ipv6.conf.all.forwarding", "1"]] as const,
});

/** The machine of a configuration with its addresses of the configured family; no rules are in it yet. */
export function rulesMachine(config: ProxyConfig, streams: Streams = new Streams(1)): RulesMachine {
  const world = createWorld(1, [], streams);
  const { stack } = world;
  const act = (each: Act): void => {
    const refused = plumb(stack, each);
    if (refused !== null) throw new RangeError(`${each.verb}: ${refused.message}`);
  };
  const namespace = (name: string, node: number): number => {
    act({ verb: "netns-add", node, name });
    const ns = netnsByName(stack, node, name);
    act({ verb: "link-set", ns, name: "lo", up: true });
    return ns;
  };
  const ns = namespace("node", 1);
  const wire = namespace("wire", 2);
  act({ verb: "link-add", ns, name: WIRE_DEVICE, kind: "veth", peer: { ns: wire, name: WIRE_DEVICE } });
  act({ verb: "link-set", ns, name: WIRE_DEVICE, up: true });
  act({ verb: "link-set", ns: wire, name: WIRE_DEVICE, up: true });
  const family = config.ipFamily === "IPv6" ? 6 : 4;
  for (const [key, value] of SYSCTLS[family]) act({ verb: "sysctl", ns, key, value });
  for (const text of config.nodeLocalIPs) {
    const address = canonicalAddress(text);
    if (address?.family === family && !isLoopback(address)) act({ verb: "addr-add", ns, dev: WIRE_DEVICE, addr: `${address.text}/${family === 4 ? 32 : 128}` });
  }
  act({ verb: "neigh-add", ns, dev: WIRE_DEVICE, addr: GATEWAY[family], mac: "02:00:00:00:00:99", state: "permanent" });
  act({ verb: "route-add", ns, dst: "default", via: GATEWAY[family], dev: WIRE_DEVICE, onlink: true });
  const door: NodeDoor = {
    stack,
    ns,
    node: config.nodeName,
    memory: new Map(),
    plumb: (each) => plumb(stack, each),
    below: () => 0,
    cause: (object, path) => stack.causes.of(object, path, "kube-proxy"),
  };
  return { world, ns, door };
}
