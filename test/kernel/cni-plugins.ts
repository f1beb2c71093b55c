/**
 * Debian's containernetworking-plugins and ours, each on a machine of its own: the same calls, and what `ip`, `bridge` and
 * `iptables-save` say after them. Names and MACs that are drawn by chance become numbers in order of appearance.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CniCommand, type PluginConf, pluginText, runPlugin, soloDoor } from "../../src/models/index.js";
import type { CniResult } from "../../src/models/cni/cni-model.js";
import { isCniError } from "../../src/models/cni/cni-errors.js";
import type { NodeDoor } from "../../src/models/node-door.js";
import { netnsByName } from "../../src/linux/netns.js";
import { Shell } from "../../src/shell/shell.js";
import { act, makeStack } from "../linux/world.js";

/** Where Debian puts them. */
export const PLUGINS = "/usr/lib/cni";

/** One call; `prev` hands on the result of that earlier call. */
export interface PluginCallSpec {
  readonly command: CniCommand;
  readonly conf: PluginConf;
  readonly id?: string;
  readonly ifname?: string;
  readonly pod?: "pod" | "pod2";
  readonly args?: string;
  readonly prev?: number;
}

/** A machine to call plugins on: what they print, and what its tools show. */
export interface PluginMachine {
  call(spec: PluginCallSpec, prev: CniResult | undefined): string;
  /** a command in "host", "pod" or "pod2" */
  run(place: string, command: string): string;
  /** until the kernel has told everybody of carriers that are gone */
  rest(): void;
  close(): void;
}

/** The version that Debian's plugins know best. */
export const VERSION = "1.0.0";
const PLACES = ["host", "pod", "pod2"] as const;

function full({ conf }: PluginCallSpec, prev: CniResult | undefined, data: string): PluginConf {
  const ipam = conf.ipam?.type === "host-local" ? { ipam: { ...conf.ipam, dataDir: data } } : {};
  return { cniVersion: VERSION, name: "net", ...conf, ...ipam, ...(prev === undefined ? {} : { prevResult: { ...prev, cniVersion: VERSION } as CniResult }) };
}

/** Namespaces of the real kernel, with unique names, removed by `close`. */
export function realMachine(): PluginMachine {
  const tag = `cnit${process.pid}${Math.floor(performance.now() * 1000) % 100000}`;
  const data = mkdtempSync(join(tmpdir(), "cni-"));
  const name = (place: string): string => `${tag}-${place}`;
  const ip = (...words: string[]): string => {
    const done = spawnSync("ip", words, { encoding: "utf8" });
    return `${done.stdout}${done.stderr}`;
  };
  for (const place of PLACES) ip("netns", "add", name(place));
  ip("-n", name("host"), "link", "set", "lo", "up");
  return {
    call(spec, prev) {
      const { command, id = "c1", ifname = "eth0", pod = "pod", args } = spec;
      const env = [`CNI_COMMAND=${command}`, `CNI_PATH=${PLUGINS}`, "PATH=/usr/sbin:/usr/bin:/sbin:/bin", ...(id === "" ? [] : [`CNI_CONTAINERID=${id}`]), ...(ifname === "" ? [] : [`CNI_IFNAME=${ifname}`]), `CNI_NETNS=/var/run/netns/${name(pod)}`, ...(args === undefined ? [] : [`CNI_ARGS=${args}`])];
      const done = spawnSync("ip", ["netns", "exec", name("host"), "env", "-i", ...env, `${PLUGINS}/${spec.conf.type}`], { input: JSON.stringify(full(spec, prev, data)), encoding: "utf8" });
      return done.stdout.trim();
    },
    run: (place, command) => ip("netns", "exec", name(place), ...command.split(" ")).replaceAll(`${tag}-`, ""),
    rest: () => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1200),
    close() {
      for (const place of PLACES) ip("netns", "del", name(place));
      rmSync(data, { recursive: true });
    },
  };
}

/** A simulated machine with the same namespaces. */
export function simulatedMachine(): PluginMachine & { readonly door: NodeDoor } {
  const s = makeStack();
  for (const name of ["root", ...PLACES]) act(s, { verb: "netns-add", node: 1, name });
  const row = (place: string): number => netnsByName(s, 1, place);
  act(s, { verb: "link-set", ns: row("host"), name: "lo", up: true });
  const door = soloDoor(s, row("host"), "host");
  return {
    door,
    call(spec, prev) {
      const { command, id = "c1", ifname = "eth0", pod = "pod", args } = spec;
      const answer = runPlugin(door, command, full(spec, prev, "/data"), { containerId: id, ifname, netns: row(pod), ...(args === undefined ? {} : { args }) });
      return pluginText(answer, VERSION);
    },
    run: (place, command) => new Shell(s, row(place), row("root")).run(command).text,
    rest: () => undefined,
    close: () => undefined,
  };
}

/** What is compared of a machine. */
const QUESTIONS = ["ip -d link", "ip addr", "ip route", "ip -4 route show table local", "ip -6 route", "bridge link", "iptables-save", "ip6tables-save"];

/** Times that run, addresses that are still being looked at, queue lengths that newer plugins leave to the kernel. */
const PASSING = / tentative| qlen \d+|# .*|\[\d+:\d+\]|(gc|forward_delay|hello|tcn|topology_change|hold|message_age)_timer +[\d.]+|link-netnsid? \S+|allmulti \d+|tso_max_size \d+|mcast_snooping \d|Error: ipv4: FIB table does not exist\.|Dump terminated/g;
const CHANCE = /\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b|8000\.[0-9a-f:]+|fe80::[0-9a-f:]+|veth[0-9a-f]{8}/g;

/** Text with what is drawn by chance numbered. */
export function settled(text: string): string {
  const numbers = new Map<string, string>();
  const plain = text.replace(PASSING, "").replace(CHANCE, (word) => {
    if (/^(ff:ff:ff:ff:ff:ff|00:00:00:00:00:00|01:80:c2:00:00:00)$/.test(word)) return word;
    const known = numbers.get(word) ?? `${word.startsWith("veth") ? "veth" : word.startsWith("fe80") ? "fe80::" : word.startsWith("8000") ? "bridge" : "mac"}#${numbers.size + 1}`;
    numbers.set(word, known);
    return known;
  });
  return plain.split("\n").map((line) => line.trimEnd().replace(/ {2,}(?=\S)/g, (spaces, at: number) => (at === 0 ? spaces : " "))).filter((line) => line !== "").join("\n");
}

/** Everything a machine's tools say of it. */
export function shown(machine: PluginMachine): string {
  return settled(PLACES.flatMap((place) => QUESTIONS.map((question) => `${place}$ ${question}\n${machine.run(place, question)}`)).join("\n"));
}

/** What each call printed, and what the tools show at the end. */
export function play(machine: PluginMachine, calls: readonly PluginCallSpec[]): { readonly said: string[]; readonly shows: string } {
  const results: (CniResult | undefined)[] = [];
  const said = calls.map((spec) => {
    const text = machine.call(spec, spec.prev === undefined ? undefined : results[spec.prev]);
    const answer = text === "" ? undefined : (JSON.parse(text) as CniResult);
    results.push(answer === undefined || isCniError(answer) ? undefined : { ...answer, interfaces: answer.interfaces ?? [], ips: answer.ips ?? [], routes: answer.routes ?? [] });
    return text;
  });
  if (calls.at(-1)!.command === "DEL") machine.rest();
  return { said, shows: shown(machine) };
}
