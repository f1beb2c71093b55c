/**
 * cloud-provider-kind: for each Service a container of Envoy on the nodes' network, which listens on the Service's ports and
 * opens connections of its own to a node port of a healthy node. Read first: cloud-provider-kind `pkg/loadbalancer/proxy.go`.
 */
import { SECOND } from "../../base/time.js";
import { sha256 } from "../../base/sha256.js";
import { killApp, launch } from "../../linux/sock/app.js";
import { relay, type RelayArguments } from "../app/relay.js";
import { type Balanced, type BalancerDoor, type BalancerModel, CLOUD_WORDS, fromPool } from "./balancer-model.js";

const CHECK = Object.freeze({ interval: 2 * SECOND, timeout: 3 * SECOND, failures: 2, passes: 1 });
const DELAY = 2 * SECOND;

interface Container {
  readonly ns: number;
  readonly name: string;
  readonly port: string;
  readonly app: number;
}

/** Where its containers are attached: machine label of their namespaces, bridge of the nodes' network, its prefix length and router. */
export interface KindNetwork {
  readonly pool: readonly string[];
  readonly machine: number;
  readonly bridge: string;
  readonly prefix: number;
  readonly gateway: string;
}

/** A load balancer for the network of a kind cluster. */
export function cloudProviderKind(network: KindNetwork): BalancerModel {
  return Object.freeze<BalancerModel>({
    name: "cloud-provider-kind",
    ipMode: "Proxy",
    check: CHECK,
    delay: DELAY,
    words: CLOUD_WORDS,
    address: (_door, ask) => fromPool(network.pool, ask),
    place: (door, service) => containerOf(door, network, service).ns,
    sync(door, service) {
      const container = containerOf(door, network, service);
      const args: RelayArguments = {
        sticky: service.sticky,
        ports: service.ports.flatMap(({ protocol, port, nodePort }) =>
          nodePort === 0 || protocol === "SCTP" ? [] : [{ protocol, port, targets: service.nodes.map((node) => ({ address: node.address, port: nodePort })) }],
        ),
      };
      if (container.app !== 0) door.stack.op.appEvent(container.app, { kind: "start", args: { ...args } });
      else {
        const app = launch(door.stack, container.ns, relay.name, { ...args }, door.cause(`Service ${service.key}`, "spec.ports"));
        door.memory.set(service.key, Object.freeze<Container>({ ...container, app }));
      }
      return [];
    },
    remove(door, service) {
      const container = door.memory.get(service.key) as Container | undefined;
      if (container === undefined) return;
      if (container.app !== 0) killApp(door.stack, container.app);
      door.plumb({ verb: "link-del", ns: door.fabric, name: container.port });
      door.plumb({ verb: "netns-del", ns: container.ns });
      door.memory.delete(service.key);
    },
  });
}

/** `kindccm-` and twelve hexadecimal digits of a digest of the Service's name. */
function nameOf(key: string): string {
  return `kindccm-${Array.from(sha256(key).subarray(0, 6), (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

function macOf(address: string): string {
  return `02:42:${address.split(".").map((part) => Number(part).toString(16).padStart(2, "0")).join(":")}`;
}

function containerOf(door: BalancerDoor, { machine, bridge, prefix, gateway }: KindNetwork, { key, address }: Balanced): Container {
  const known = door.memory.get(key) as Container | undefined;
  if (known !== undefined) return known;
  const name = nameOf(key);
  door.plumb({ verb: "netns-add", node: machine, name });
  const ns = door.netns(machine, name);
  const port = `veth${name.slice(-8)}`;
  const fabric = door.fabric;
  for (const act of [
    { verb: "link-set", ns, name: "lo", up: true },
    { verb: "link-add", ns, name: "eth0", kind: "veth", mac: macOf(address), peer: { ns: fabric, name: port } },
    { verb: "link-set", ns: fabric, name: port, master: bridge },
    { verb: "link-set", ns: fabric, name: port, up: true },
    { verb: "addr-add", ns, dev: "eth0", addr: `${address}/${prefix}` },
    { verb: "link-set", ns, name: "eth0", up: true },
    { verb: "route-add", ns, dst: "default", via: gateway, dev: "eth0" },
  ] as const) door.plumb(act);
  const made: Container = Object.freeze({ ns, name, port, app: 0 });
  door.memory.set(key, made);
  return made;
}
