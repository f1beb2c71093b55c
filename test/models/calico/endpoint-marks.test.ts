/**
 * Endpoint marks beside IPVS: against the chains that a worker of a cluster showed (`iptables -L -n -v`, IPIP, Calico 3.2x, whose mark
 * bits were one fewer), and against the table in felix/rules/epmark_test.go.
 */
import { describe, expect, test } from "vitest";
import type { CalicoSource, EnforceView } from "../../../src/models/enforce/enforce-model.js";
import { ENDPOINT_MARKS, endpointMarks, type MarkSpace } from "../../../src/models/enforce/calico/endpoint-marks.js";
import { MARK, ruleHashes } from "../../../src/models/enforce/calico/felix-rule.js";
import { markChains } from "../../../src/models/enforce/calico/mark-chains.js";
import { staticChains } from "../../../src/models/enforce/calico/static-chains.js";
import { act } from "../../linux/world.js";
import { CalicoNodes, PLACES } from "./calico-nodes.js";

/** What 0xffff0000 left when Felix had one mark bit less. */
const OLD: MarkSpace = { mask: 0xfff00000, other: 0x100000 };
const SHOWN: readonly (readonly [device: string, mark: number])[] = [
  ["cali27d5a8fe8ae", 0xd8e00000],
  ["cali2aef8851418", 0xef300000],
  ["cali7aefa6d70b6", 0x78900000],
  ["cali9819c942018", 0x7ea00000],
  ["calia839c1cc9c9", 0xcaa00000],
];
const DEVICES = SHOWN.map(([device]) => device);

test("marks are what bits are left over", () => {
  const used = Object.values(MARK).reduce((all, bit) => all | bit, 0);
  expect(ENDPOINT_MARKS.mask).toBe((0xffff0000 & ~used) >>> 0);
  expect(ENDPOINT_MARKS).toEqual({ mask: 0xffe00000, other: 0x200000 });
});

test("an interface's mark is a hash of its name", () => {
  expect([...endpointMarks(DEVICES, new Map(), OLD)]).toEqual(SHOWN);
});

describe("the hashes of chains that a cluster shows", () => {
  const chains = new Map(markChains({ workloads: DEVICES, hosts: [], marks: endpointMarks(DEVICES, new Map(), OLD) }, OLD).map((chain) => [chain.name, chain]));
  const fixed = new Map(staticChains({ tunnel: "ipip", natOutgoing: true, endpointMarks: OLD }).filter.map((chain) => [chain.name, chain]));
  test.each([
    ["cali-set-endpoint-mark", "tz9NBFniulUgGBjW IIdcC1Nc8DMJPOmV HhHRDuuRHawybzO0 s0llq7oHvWXgtWHF WvxmRu87ZdkMFZfN 5mtFm2IJrCxBoUiE"],
    ["cali-set-endpoint-mark-2", "1Ezy3UuQellelUY6 JdjymFzDaTn6R8OT"],
    ["cali-from-endpoint-mark", "yrNYN7JSyKTMrK2e Mof1pl96ntHWNQs1 P5K9PLTqVKy5i_1_ fQ0ik3KiJzTh9I70 gitZnAAukiLAmCUI tej56hiPcjcRGpe6"],
    ["cali-sm-cali27d5a8fe8ae", "5YcUdcJi9FRaL31s"],
    ["cali-sm-calia839c1cc9c9", "gDdTkl18TQmHodkw"],
    ["cali-forward-check", "Pbldlb4FaULvpdD8 ZD-6UxuUtGW-xtzg CbPfUajQ2bFVnDq4 jmhU0ODogX-Zfe5g"],
    ["cali-forward-endpoint-mark", "O0SmFDrnm7KggWqW aFl0WFKRxDqj8oA6 AZKVrO3i_8cLai5f 96HaP1sFtb-NYoYA VxO6hyNWz62YEtul"],
    // From where Felix clears its own marks on, the bits were others.
    ["cali-INPUT", "PajejrV4aFdkZojI _wjq-Yrma8Ly1Svo ss8lEMQsXi-s6qYT PgIW-V0nEjwPhF_8 QMJlDwlS0OjHyfMN nDRe73txrna-aZjG iX2AYvqGXaVqwkro"],
    ["cali-OUTPUT", "Mq1_rAdXXH3YkrzW 5Z67OUUpTOM7Xa1a M2Wf0OehNdig8MHR AJBkLho_0Qd8LNr3"],
  ])("%s", (name, hashes) => {
    const wanted = hashes.split(" ");
    const chain = chains.get(name) ?? fixed.get(name)!;
    expect(ruleHashes(chain).slice(0, wanted.length)).toEqual(wanted);
    if (!["cali-INPUT", "cali-OUTPUT"].includes(name)) expect(chain.rules).toHaveLength(wanted.length);
  });
});

test("interfaces of the host are marked as those of workloads, and lead to their chains for forwarded packets", () => {
  const marks = new Map([["cali1", 0x400000], ["eth0", 0x600000]]);
  const chains = new Map(markChains({ workloads: ["cali1"], hosts: ["eth0"], marks }, ENDPOINT_MARKS).map(({ name, rules }) => [name, rules.map((rule) => [...rule.match, rule.action].join(" "))]));
  expect(chains.get("cali-set-endpoint-mark")).toEqual([
    "--in-interface cali1 --goto cali-sm-cali1",
    "--in-interface eth0 --goto cali-sm-eth0",
    "--in-interface cali+ --jump DROP",
    "--jump MARK --set-mark 0x200000/0xffe00000",
  ]);
  expect(chains.get("cali-from-endpoint-mark")).toEqual([
    "-m mark --mark 0x400000/0xffe00000 --goto cali-fw-cali1",
    "-m mark --mark 0x600000/0xffe00000 --goto cali-fhfw-eth0",
    "--jump DROP",
  ]);
  expect(chains.get("cali-sm-eth0")).toEqual(["--jump MARK --set-mark 0x600000/0xffe00000"]);
});

describe("in a kernel", () => {
  const view: EnforceView = { pods: [], namespaces: [], nodes: PLACES.map(({ name, ip }) => ({ name, ips: [ip], labels: {}, source: null })), policies: [] };
  const marking = (world: CalicoNodes): readonly string[] => world.held("n1").filter((line) => /^-A cali-(set|from)-endpoint-mark /.test(line));

  test("they stand where kube-ipvs0 is there, from the sync after it came, and what it carries is no address of the host's", () => {
    const world = new CalicoNodes("IPIP");
    world.sync(view);
    expect(marking(world)).toEqual([]);
    act(world.s, { verb: "link-add", ns: world.roots.get("n1")!, name: "kube-ipvs0", kind: "dummy" });
    act(world.s, { verb: "addr-add", ns: world.roots.get("n1")!, dev: "kube-ipvs0", addr: "10.96.0.1/32" });
    world.sync(view);
    expect(marking(world)).toHaveLength(3);
    // Local routes of lo, eth0 and tunl0: the network of lo is delivered too, and told by its first address.
    const own = world.held("n1").flatMap((line) => /^cali40this-host ([0-9.]+) /.exec(line)?.[1] ?? []);
    expect(own.sort()).toEqual(["127.0.0.0", "127.0.0.1", "192.168.0.1", world.tunnelAddress("n1")!].sort());
  });

  test("the host endpoint of every interface marks nothing", () => {
    const world = new CalicoNodes("None");
    act(world.s, { verb: "link-add", ns: world.roots.get("n1")!, name: "kube-ipvs0", kind: "dummy" });
    const host = (name: string, interfaceName: string): CalicoSource => ({ source: null, object: { apiVersion: "projectcalico.org/v3", kind: "HostEndpoint", metadata: { name }, spec: { node: "n1", interfaceName } } });
    world.sync({ ...view, calico: [host("all", "*")] });
    expect(marking(world).join("\n")).not.toContain("any-interface-at-all");
    world.sync({ ...view, calico: [host("all", "*"), host("up", "eth0")] });
    expect(marking(world).join("\n")).toContain("-i eth0");
  });
});

describe("marks of few bits", () => {
  const SMALL: MarkSpace = { mask: 0x700, other: 0x100 };
  const lastByte = (name: string): number => name.charCodeAt(name.length - 1);
  /** Endpoints come and, with an x before them, go; the marks of those that come. */
  const play = (steps: string): readonly number[] => {
    let marks: ReadonlyMap<string, number> = new Map();
    const given: number[] = [];
    for (const step of steps.split(" ")) {
      const names = [...marks.keys()];
      if (step.startsWith("x")) marks = endpointMarks(names.filter((name) => name !== step.slice(1)), marks, SMALL, lastByte);
      else {
        marks = endpointMarks(names.includes(step) ? names : [...names, step], marks, SMALL, lastByte);
        given.push(marks.get(step) ?? 0);
      }
    }
    return given;
  };
  test.each([
    ["cali1 cali2 cali3 cali1 cali2 cali7", [0x200, 0x300, 0x400, 0x200, 0x300, 0x700]],
    ["cali1 cali6 cali3 cali11 cali22 cali33 cali8 cali9", [0x200, 0x600, 0x300, 0x400, 0x500, 0x700, 0, 0]],
    ["cali1 cali6 cali3 xcali1 xcali2 cali33 cali11 cali66", [0x200, 0x600, 0x300, 0x400, 0x200, 0x700]],
    ["cali1 cali6 cali3 cali11 cali22 cali33 cali8 cali5 xcali3 xcali6 cali55 cali66", [0x200, 0x600, 0x300, 0x400, 0x500, 0x700, 0, 0, 0x600, 0x300]],
  ])("%s", (steps, marks) => {
    expect(play(steps)).toEqual(marks);
  });
});
