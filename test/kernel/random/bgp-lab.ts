/**
 * Random labs of routing daemons: up to six speakers in up to three autonomous systems on a random graph of cables, with filters, reflectors,
 * merged paths and static routes; then something happens. Local preferences are set in one system alone, so that there is one
 * stable state: what BGP itself leaves to chance is no question to a simulation.
 */
import fc from "fast-check";

interface Session {
  readonly filter: number;
  readonly self: boolean;
  readonly client: boolean;
  readonly medOut: number;
  readonly community: number;
  readonly prepend: boolean;
  readonly paths: string;
}

interface Cable {
  readonly from: number;
  readonly to: number;
  readonly ends: readonly [Session, Session];
  /** what the sessions between one pair of systems share */
  readonly direct: boolean;
}

interface Speaker {
  readonly as: number;
  readonly nets: readonly number[];
  readonly announce: "static" | "device" | "all";
  readonly merge: boolean;
  readonly deterministic: boolean;
  readonly kernelAll: boolean;
}

type Happening = { readonly kind: "cable" | "cable-back" | "daemon" | "disable" | "bounce" | "static"; readonly at: number };

export interface BgpLab {
  readonly speakers: readonly Speaker[];
  readonly cables: readonly Cable[];
  readonly happenings: readonly Happening[];
}

const ASES: readonly number[] = [65001, 65002, 65003];
const KINDS: readonly string[] = ["blackhole", "unreachable", "prohibit"];

const session: fc.Arbitrary<Session> = fc.record({
  filter: fc.constantFrom(0, 0, 0, 1, 2, 3, 4, 5),
  self: fc.boolean(),
  client: fc.constantFrom(false, false, true),
  medOut: fc.constantFrom(0, 0, 10, 20),
  community: fc.constantFrom(0, 0, 1, 2, 3),
  prepend: fc.constantFrom(false, false, false, true),
  paths: fc.constantFrom("off", "off", "on", "on", "rx", "tx"),
});

const speaker: fc.Arbitrary<Speaker> = fc.record({
  as: fc.constantFrom(...ASES, ASES[0]!),
  nets: fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
  announce: fc.constantFrom("static", "static", "device", "all"),
  merge: fc.boolean(),
  deterministic: fc.constantFrom(false, false, true),
  kernelAll: fc.boolean(),
});

function cablesOf(count: number): fc.Arbitrary<readonly Cable[]> {
  const body = fc.record({ ends: fc.tuple(session, session), direct: fc.boolean() });
  // A tree, so that everybody is reached, and some more.
  const tree = fc.tuple(...Array.from({ length: count - 1 }, (_, i) => fc.tuple(fc.integer({ min: 0, max: i }), body).map(([from, rest]) => ({ from, to: i + 1, ...rest }))));
  const more = fc.array(fc.tuple(fc.integer({ min: 0, max: count - 1 }), fc.integer({ min: 0, max: count - 1 }), body), { maxLength: 4 });
  return fc.tuple(tree, more).map(([first, rest]) => {
    const cables: Cable[] = [...first];
    for (const [a, b, made] of rest) {
      const [from, to] = a < b ? [a, b] : [b, a];
      if (from !== to && !cables.some((one) => one.from === from && one.to === to)) cables.push({ from, to, ...made });
    }
    return cables;
  });
}

const happening: fc.Arbitrary<Happening> = fc.record({ kind: fc.constantFrom("cable", "cable-back", "daemon", "disable", "bounce", "static"), at: fc.integer({ min: 0, max: 30 }) });

export const bgpLab: fc.Arbitrary<BgpLab> = fc
  .integer({ min: 2, max: 6 })
  .chain((count) => fc.record({ speakers: fc.array(speaker, { minLength: count, maxLength: count }), cables: cablesOf(count), happenings: fc.array(happening, { minLength: 1, maxLength: 2 }) }));

const name = (i: number): string => `r${i}`;
const device = (peer: number): string => `e${peer}`;
const subnet = (i: number): string => `10.0.${i}.`;

/** The address of a speaker at its end of a cable. */
const address = (lab: BgpLab, cable: number, at: number): string => `${subnet(cable)}${lab.cables[cable]!.from === at ? 1 : 2}`;

function importFilter(lab: BgpLab, at: number, s: Session): string {
  // Who prefers by its own choice is one system only.
  const prefers = lab.speakers[at]!.as === ASES[0];
  switch (s.filter) {
    case 1:
      return prefers ? "filter { bgp_local_pref = 150; accept; }" : "filter { bgp_community.add((65000, 1)); accept; }";
    case 2:
      return prefers ? "filter { if net ~ [ 172.16.0.0/16{24,28} ] then bgp_local_pref = 80; accept; }" : "where net.len > 16";
    case 3:
      return "filter { bgp_community.delete([(65000, *)]); bgp_large_community.add((65000, 1, 2)); accept; }";
    case 4:
      return "where bgp_path.len < 4";
    case 5:
      return "filter { if (65000, 2) ~ bgp_community then reject; if source = RTS_BGP then accept; reject; }";
    default:
      return "all";
  }
}

function exportFilter(speaker: Speaker, s: Session): string {
  const wanted = speaker.announce === "static" ? "source ~ [ RTS_STATIC, RTS_BGP ]" : speaker.announce === "device" ? "source ~ [ RTS_DEVICE, RTS_STATIC, RTS_BGP ]" : "true";
  const steps = [
    ...(s.medOut > 0 ? [`bgp_med = ${s.medOut};`] : []),
    ...(s.community === 3 ? ["bgp_community.add((65535, 65281));"] : s.community > 0 ? [`bgp_community.add((65000, ${s.community}));`] : []),
    ...(s.prepend ? [`bgp_path.prepend(${speaker.as});`] : []),
  ];
  return `filter { if ! (${wanted}) then reject; ${steps.join(" ")} accept; }`;
}

function configOf(lab: BgpLab, at: number): string {
  const me = lab.speakers[at]!;
  const sessions = lab.cables.flatMap((cable, i) => {
    if (cable.from !== at && cable.to !== at) return [];
    const peer = cable.from === at ? cable.to : cable.from;
    const s = cable.ends[cable.from === at ? 0 : 1];
    const internal = lab.speakers[peer]!.as === me.as;
    const options = [
      `local ${address(lab, i, at)} as ${me.as};`,
      `neighbor ${address(lab, i, peer)} as ${lab.speakers[peer]!.as};`,
      "connect delay time 1; hold time 6; error wait time 1, 2;",
      ...(cable.direct && internal ? ["direct;"] : []),
      ...(internal && s.client ? ["rr client;"] : []),
      ...(me.deterministic ? ["deterministic med on;"] : []),
    ];
    return [`protocol bgp ${name(peer)} { ${options.join(" ")} ipv4 { import ${importFilter(lab, at, s)}; export ${exportFilter(me, s)}; add paths ${s.paths}; ${s.self ? "next hop self;" : ""} }; }`];
  });
  const routes = me.nets.map((net, i) => `route 172.${16 + (net % 3)}.${net}.0/24 ${KINDS[(net + i) % 3]};`);
  return [
    `router id 10.255.0.${at + 1};`,
    "protocol device { }",
    'protocol direct { ipv4; interface "e*"; }',
    `protocol kernel { ${me.merge ? "merge paths on; " : ""}ipv4 { import none; export ${me.kernelAll ? "all" : "where source = RTS_BGP"}; }; }`,
    `protocol static { ipv4; ${routes.join(" ")} }`,
    ...sessions,
  ].join("\n");
}

function happens(lab: BgpLab, { kind, at }: Happening): readonly string[] {
  const cable = lab.cables[at % lab.cables.length]!;
  const who = at % lab.speakers.length;
  switch (kind) {
    case "cable":
      return [`ip -n ${name(cable.from)} link set ${device(cable.to)} down`, "sleep 8"];
    case "cable-back":
      return [`ip -n ${name(cable.to)} link set ${device(cable.from)} down`, "sleep 8", `ip -n ${name(cable.to)} link set ${device(cable.from)} up`, "sleep 7"];
    case "daemon":
      return [`birdc ${name(who)} down`, "sleep 3"];
    case "disable":
      return [`birdc ${name(cable.from)} disable ${name(cable.to)}`, "sleep 3"];
    case "bounce":
      return [`birdc ${name(cable.to)} restart ${name(cable.from)}`, "sleep 5"];
    case "static":
      return [`birdc ${name(who)} disable static1`, "sleep 3"];
  }
}

function questions(lab: BgpLab): readonly string[] {
  return lab.speakers.flatMap((_, i) => [`birdc ${name(i)} show route all`, `ip -n ${name(i)} route show`]);
}

/** The lab as a script. */
export function bgpLabText(lab: BgpLab): string {
  const lines: string[] = [];
  lab.speakers.forEach((_, i) => lines.push(`ip netns add ${name(i)}`));
  lab.cables.forEach(({ from, to }, i) => {
    lines.push(`ip -n ${name(from)} link add ${device(to)} type veth peer name ${device(from)} netns ${name(to)}`);
    for (const [at, peer] of [[from, to], [to, from]] as const) {
      lines.push(`ip -n ${name(at)} link set ${device(peer)} up`, `ip -n ${name(at)} addr add ${address(lab, i, at)}/30 dev ${device(peer)}`);
    }
  });
  lab.speakers.forEach((_, i) => lines.push(`bird ${name(i)} <<CONF`, configOf(lab, i), "CONF"));
  lines.push("sleep 6", ...questions(lab));
  for (const one of lab.happenings) lines.push(...happens(lab, one), ...questions(lab));
  return `${lines.join("\n")}\n`;
}

/** Routes behind the best of a prefix stand in the order of their arrival: in any order they are the same. */
export function anyOrder(output: string): string {
  const blocks = output.split(/^(?=\$ )/m);
  return blocks.map((block) => (/^\$ birdc \S+ show route/.test(block) ? sortAlternatives(block) : block)).join("");
}

function sortAlternatives(block: string): string {
  const out: string[] = [];
  let routes: string[] = [];
  const flush = (): void => {
    const [best, ...others] = routes;
    if (best !== undefined) out.push(best, ...others.sort());
    routes = [];
  };
  for (const line of block.split("\n")) {
    if (line.startsWith("\t")) routes[routes.length - 1] += `\n${line}`;
    else if (line.startsWith(" ")) routes.push(line);
    else {
      flush();
      if (/ \[/.test(line)) routes.push(line);
      else out.push(line);
    }
  }
  flush();
  return out.join("\n");
}
