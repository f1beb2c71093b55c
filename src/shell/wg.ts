/** `wg` of wireguard-tools: `wg set` and `wg show`. */
import { formatCidr } from "../base/cidr.js";
import type { WireguardPeerAct, WireguardSet } from "../linux/plumbing/tunnel-act.js";
import type { WireguardOptions, WireguardPeer } from "../linux/stack.js";
import { plumb } from "../linux/plumbing.js";
import { devicesOf } from "../linux/device.js";
import { failed, NotModelled, type Output, said } from "./output.js";
import type { Place } from "./place.js";
import { WordReader } from "./word-reader.js";

const STDIN = "/dev/stdin";

export function wg(place: Place, words: readonly string[], stdin: string): Output {
  const [verb = "show", ...rest] = words;
  if (verb === "set") return set(place, new WordReader(rest), stdin);
  if (verb === "show") return show(place, rest);
  throw new NotModelled(`wg ${verb}`);
}

function set(place: Place, reader: WordReader, stdin: string): Output {
  const wanted: { -readonly [K in keyof WireguardSet]: WireguardSet[K] } = { verb: "wg-set", ns: place.ns, dev: reader.argument() };
  const peers: WireguardPeerAct[] = [];
  while (!reader.done) {
    const word = reader.take();
    if (word === "listen-port") wanted.listenPort = Number(reader.argument());
    else if (word === "private-key") {
      const file = reader.argument();
      if (file !== STDIN) return failed(1, "fopen: No such file or directory");
      wanted.privateKey = stdin.trim();
    } else if (word === "peer") peers.push(peerWords(reader));
    else return failed(1, `Invalid argument: ${word}`);
  }
  const refused = plumb(place.s, peers.length === 0 ? wanted : { ...wanted, peers });
  return refused === null ? said("") : failed(1, refused.message);
}

function peerWords(reader: WordReader): WireguardPeerAct {
  const peer: { -readonly [K in keyof WireguardPeerAct]: WireguardPeerAct[K] } = { publicKey: reader.argument() };
  while (!reader.done && reader.peek() !== "peer") {
    const word = reader.take();
    if (word === "remove") peer.remove = true;
    else if (word === "endpoint") peer.endpoint = reader.argument();
    else if (word === "allowed-ips") {
      const list = reader.argument();
      peer.allowedIps = list === "" ? [] : list.split(",");
    } else throw new NotModelled(`wg set peer ${word}`);
  }
  return peer;
}

function show({ s, ns }: Place, words: readonly string[]): Output {
  const [name = "all", ...more] = words;
  if (more.length > 0 || name === "interfaces") throw new NotModelled(`wg show ${words.join(" ")}`);
  const shown = devicesOf(s, ns).filter((dev) => s.devInfo.get(dev)!.wireguard !== undefined && (name === "all" || s.devInfo.get(dev)!.name === name));
  if (shown.length === 0 && name !== "all") return failed(1, "Unable to access interface: No such device");
  return said(shown.map((dev) => deviceText(s.devInfo.get(dev)!.name, s.devInfo.get(dev)!.wireguard!, (addr) => s.book.text(addr))).join("\n\n"));
}

function deviceText(name: string, { publicKey, port, peers }: WireguardOptions, text: (addr: number) => string): string {
  const lines = [`interface: ${name}`];
  if (publicKey !== "") lines.push(`  public key: ${publicKey}`, "  private key: (hidden)");
  if (port !== 0) lines.push(`  listening port: ${port}`);
  for (const peer of peers) lines.push("", ...peerLines(peer, text));
  return lines.join("\n");
}

function peerLines({ publicKey, endpoint, endpointPort, allowed }: WireguardPeer, text: (addr: number) => string): string[] {
  const where = text(endpoint);
  return [
    `peer: ${publicKey}`,
    ...(endpoint === 0 ? [] : [`  endpoint: ${where.includes(":") ? `[${where}]` : where}:${endpointPort}`]),
    `  allowed ips: ${allowed.length === 0 ? "(none)" : allowed.map(formatCidr).join(", ")}`,
  ];
}
