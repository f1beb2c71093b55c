import { expect, test } from "vitest";
import { birdOf, configureBird } from "../../../src/models/bgp/bird-program.js";
import { Network } from "./network.js";

// One route, told in one event to peers of several kinds: what each of them hears follows RFC 4271 5.1 and RFC 4456 8, and
// BIRD 2.15's order of cluster ids (the source's, then the peer's in front if it is another).
interface Peer {
  readonly name: string;
  readonly as: number;
  readonly hub: string;
  readonly out?: string;
}
// Peers that follow each other are told by one next hop where "next hop keep" says so, and differ in one thing each.
const KEEP = "next hop keep;";
const PEERS: readonly Peer[] = [
  { name: "ann", as: 64512, hub: "rr client" },
  { name: "bob", as: 64512, hub: "rr client" },
  { name: "cid", as: 64512, hub: "rr client; rr cluster id 9.9.9.9" },
  { name: "eve", as: 65001, hub: "", out: KEEP },
  { name: "fay", as: 4200000001, hub: "", out: KEEP },
  { name: "old", as: 65002, hub: "enable as4 off", out: KEEP },
  { name: "hal", as: 65004, hub: "", out: KEEP },
  { name: "ned", as: 65006, hub: "", out: `${KEEP} export where net != 10.51.0.0/16;` },
  { name: "jim", as: 65007, hub: "", out: `${KEEP} export where net != 10.50.0.0/16;` },
  { name: "pat", as: 65005, hub: "allow bgp_local_pref on", out: KEEP },
  { name: "gus", as: 64512, hub: "" },
  { name: "mia", as: 65003, hub: "", out: `${KEEP} export filter { bgp_med = 50; accept; };` },
  { name: "dan", as: 64512, hub: "rr client", out: "next hop self;" },
  { name: "ivy", as: 64512, hub: "rr client" },
];
const HUB = "10.255.0.100";

function network(): Network {
  const net = new Network();
  net.run("ip netns add hub", ...PEERS.map(({ name }) => `ip netns add ${name}`));
  for (const name of ["hub", ...PEERS.map((one) => one.name)]) net.run(`ip -n ${name} link set lo up`);
  PEERS.forEach(({ name }, i) => net.cable(i + 1, "hub", name));
  const sessions = PEERS.map(({ name, as, hub, out = "" }, i) => `protocol bgp ${name} { local 10.0.${i + 1}.1 as 64512; neighbor 10.0.${i + 1}.2 as ${as}; passive; ${hub === "" ? "" : `${hub};`} ipv4 { import all; export all; ${out} }; }`);
  net.bird("hub", `router id ${HUB}; protocol device {} protocol direct { ipv4; } ${sessions.join("\n")}`);
  PEERS.forEach(({ name, as }, i) => {
    const routes = name === "ann" ? "protocol static { ipv4; }" : "";
    net.bird(name, peerConfig(i, as, routes, name));
  });
  net.pass(20);
  return net;
}

/** A peer's own configuration, with the static routes that it has. */
function peerConfig(i: number, as: number, more: string, name: string): string {
  const pref = name === "pat" ? "allow bgp_local_pref on;" : "";
  return `router id 10.255.0.${i + 1}; protocol device {} protocol direct { ipv4; } ${more} protocol bgp hub { local 10.0.${i + 1}.2 as ${as}; neighbor 10.0.${i + 1}.1 as 64512; connect delay time 1; ${pref} ipv4 { gateway recursive; import all; export filter { if source != RTS_STATIC then reject; bgp_local_pref = 200; bgp_med = 7; accept; }; }; }`;
}

/** What a peer's daemon says of the attributes of a route. */
function heard(net: Network, name: string, prefix: string): Record<string, string> {
  const lines = net.birdc(name, "show", "route", prefix, "all").split("\n");
  return Object.fromEntries(lines.flatMap((line) => {
    const at = /^\s+BGP\.(\w+): ?(.*)$/.exec(line);
    return at === null ? [] : [[at[1]!, at[2]!]];
  }));
}

test("each peer hears what is for it, whoever heard of the route before", () => {
  const net = network();
  const { stack } = net.world;
  expect(configureBird(stack, birdOf(stack, net.ns("ann")), peerConfig(0, 64512, "protocol static { ipv4; route 10.50.0.0/16 blackhole; route 10.51.0.0/16 blackhole; }", "ann"))).toBeNull();
  net.pass(5);
  const two = PEERS.slice(1).map(({ name }) => [name, ["10.50.0.0/16", "10.51.0.0/16"].filter((prefix) => heard(net, name, prefix).origin !== undefined).length]);
  expect(two).toEqual(PEERS.slice(1).map(({ name }) => [name, ["ned", "jim"].includes(name) ? 1 : 2]));
  const inside = { origin: "IGP", as_path: "", med: "7", local_pref: "200", originator_id: "10.255.0.1", cluster_list: HUB };
  for (const name of ["bob", "gus", "ivy"]) expect([name, heard(net, name, "10.50.0.0/16")]).toEqual([name, { ...inside, next_hop: "10.0.1.2" }]);
  expect(heard(net, "dan", "10.50.0.0/16")).toEqual({ ...inside, next_hop: "10.0.13.1" });
  expect(heard(net, "cid", "10.50.0.0/16")).toEqual({ ...inside, next_hop: "10.0.1.2", cluster_list: `9.9.9.9 ${HUB}` });
  for (const name of ["eve", "fay", "old", "hal", "pat", "ned"]) {
    expect([name, heard(net, name, "10.50.0.0/16")]).toEqual([name, { origin: "IGP", as_path: "64512", next_hop: "10.0.1.2", local_pref: name === "pat" ? "200" : "100" }]);
  }
  expect(heard(net, "mia", "10.50.0.0/16")).toEqual({ origin: "IGP", as_path: "64512", next_hop: "10.0.1.2", med: "50", local_pref: "100" });
});

test.each([4, 6] as const)("more prefixes than one message can hold go out in several, IPv%i", (family) => {
  const net = new Network();
  net.run("ip netns add a", "ip netns add b", "ip -n a link set lo up", "ip -n b link set lo up");
  net.cable(1, "a", "b", family);
  const at = (host: number): string => (family === 4 ? `10.0.1.${host}` : `fd00:1::${host}`);
  const route = (i: number): string => (family === 4 ? `10.${50 + (i >> 8)}.${i & 255}.0/24` : `fd01:0:0:${(i + 1).toString(16)}::/64`);
  const routes = Array.from({ length: 1200 }, (_, i) => `route ${route(i)} blackhole;`).join(" ");
  const config = (id: number, more: string): string => `router id 10.255.0.${id}; protocol device {} protocol direct { ipv${family}; } ${more} protocol bgp p { local ${at(id)} as 64512; neighbor ${at(3 - id)} as 64512; connect delay time 1; ipv${family} { import all; export where source = RTS_STATIC; }; }`;
  net.bird("a", config(1, `protocol static { ipv${family}; ${routes} }`));
  net.bird("b", config(2, ""));
  net.pass(10);
  expect(net.birdc("b", "show", "protocols", "all", "p")).toMatch(/Routes: +1200 imported/);
});
