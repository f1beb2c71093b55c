/** Puts a network together by acts that cannot be refused, and keeps them: machines, cables, switches. */
import { formatIPv4 } from "../base/ip.js";
import { type Cidr, nthAddress } from "../base/cidr.js";
import { netnsByName } from "../linux/netns.js";
import { plumb } from "../linux/plumbing.js";
import type { Act } from "../linux/plumbing/act.js";
import type { Stack } from "../linux/stack.js";
import { startBird } from "../models/bgp/bird-program.js";

/** What a cable does: ns, bits per second (0 no limit), chance of loss 0 to 1. */
export interface Cable {
  readonly delay: number;
  readonly rate: number;
  readonly loss: number;
}

/** MACs that say who they are, 02:42 and the address, as Docker makes them. */
export function macOf(address: string): string {
  return `02:42:${address.split(".").map((part) => Number(part).toString(16).padStart(2, "0")).join(":")}`;
}

/** The nth IPv4 address of a range that has it. */
export function addressAt(subnet: Cidr, n: number): string {
  return formatIPv4(nthAddress(subnet, n)![0]);
}

/** One end of a cable between routers. */
export interface CableEnd {
  readonly ns: number;
  readonly device: string;
  readonly address: string;
}

export class FabricBuilder {
  readonly acts: Act[] = [];
  /** routing daemons that were started: namespace and configuration */
  readonly speakers: { readonly ns: number; readonly name: string; readonly config: string }[] = [];

  constructor(
    readonly s: Stack,
    private readonly mtu: number,
  ) {}

  must(acts: readonly Act[]): void {
    for (const act of acts) {
      const refused = plumb(this.s, act);
      if (refused !== null) throw new RangeError(`the fabric cannot be built: ${act.verb}: ${refused.message}`);
      this.acts.push(act);
    }
  }

  namespace(machine: number, name: string): number {
    this.must([{ verb: "netns-add", node: machine, name }]);
    const ns = netnsByName(this.s, machine, name);
    this.must([{ verb: "link-set", ns, name: "lo", up: true }]);
    return ns;
  }

  /** A machine that forwards, and judges no bridged frame. */
  router(machine: number, name: string): number {
    const ns = this.namespace(machine, name);
    this.must([
      { verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1" },
      { verb: "sysctl", ns, key: "net.bridge.bridge-nf-call-iptables", value: "0" },
      { verb: "sysctl", ns, key: "net.ipv4.conf.all.send_redirects", value: "0" },
    ]);
    return ns;
  }

  /** A switch with an address of its own. */
  bridge(ns: number, name: string, address: string, prefix: number): void {
    this.must([
      { verb: "link-add", ns, name, kind: "bridge", mac: macOf(address), mtu: this.mtu },
      { verb: "addr-add", ns, dev: name, addr: `${address}/${prefix}` },
      { verb: "link-set", ns, name, up: true },
    ]);
  }

  /** A cable between two routers with an address at each end (/31, RFC 3021). */
  cable(a: CableEnd, b: CableEnd, cable: Cable): void {
    const { delay, rate, loss } = cable;
    this.must([
      {
        verb: "link-add", ns: a.ns, name: a.device, kind: "uplink", mac: macOf(a.address), mtu: this.mtu,
        peer: { ns: b.ns, name: b.device, mac: macOf(b.address), mtu: this.mtu }, link: { delay, rate, loss },
      },
      ...[a, b].flatMap(({ ns, device, address }): Act[] => [
        { verb: "addr-add", ns, dev: device, addr: `${address}/31` },
        { verb: "link-set", ns, name: device, up: true },
      ]),
    ]);
  }

  /** A node's root namespace, its cable in a port of a switch. */
  node(name: string, machine: number, at: { readonly ns: number; readonly bridge: string }, address: string, prefix: number, gateway: string, { delay, rate, loss }: Cable): number {
    const ns = this.namespace(machine, name);
    const port = `port${machine}`;
    this.must([
      {
        verb: "link-add", ns, name: "eth0", kind: "uplink", mac: macOf(address), mtu: this.mtu,
        peer: { ns: at.ns, name: port, mtu: this.mtu }, link: { delay, rate, loss },
      },
      { verb: "link-set", ns: at.ns, name: port, master: at.bridge },
      { verb: "link-set", ns: at.ns, name: port, up: true },
      { verb: "link-set", ns, name: "eth0", up: true },
      { verb: "addr-add", ns, dev: "eth0", addr: `${address}/${prefix}` },
      { verb: "route-add", ns, dst: "default", via: gateway, dev: "eth0" },
      { verb: "sysctl", ns, key: "net.ipv4.ip_forward", value: "1" },
    ]);
    return ns;
  }

  /** The host behind the router: 203.0.113.10, of the documentation range TEST-NET-3. */
  internet(machine: number, router: number, address: string, gateway: string): number {
    const ns = this.namespace(machine, "internet");
    this.must([
      { verb: "link-add", ns, name: "eth0", kind: "veth", mac: macOf(address), peer: { ns: router, name: "outside", mac: macOf(gateway) } },
      { verb: "addr-add", ns, dev: "eth0", addr: `${address}/24` },
      { verb: "addr-add", ns: router, dev: "outside", addr: `${gateway}/24` },
      { verb: "link-set", ns, name: "eth0", up: true },
      { verb: "link-set", ns: router, name: "outside", up: true },
      { verb: "route-add", ns, dst: "default", via: gateway, dev: "eth0" },
    ]);
    return ns;
  }

  /** A routing daemon, by a configuration in BIRD's language. */
  speaker(ns: number, name: string, config: string): void {
    const begun = startBird(this.s, ns, config, this.s.causes.of(`Fabric ${name}`, "", "fabric"), name);
    if ("errors" in begun) throw new RangeError(`the fabric cannot be built: bird of ${name}: ${begun.errors.join("; ")}`);
    this.speakers.push({ ns, name, config });
  }
}
