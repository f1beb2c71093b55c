// The IPVS mode on a node: reads what the kernel holds, plans a sync and carries it out through the node's door.

import type { Act } from "../../../linux/plumbing/act.js";
import type { IpvsService } from "../../../linux/plumbing/ipvs-act.js";
import { listDevice } from "../../../linux/plumbing/ipvs-list.js";
import type { NodeDoor } from "../../node-door.js";
import { cleanFlows } from "../clean-flows.js";
import { ensureVerbs } from "../ensure-verbs.js";
import type { ProxyModel } from "../proxy-model.js";
import type { Network } from "../sloppy-address.js";
import { emptyView, type ProxyView } from "../view.js";
import type { IpSet, IpvsDoc, RealServer, VirtualServer } from "./ipvs-doc.js";
import { IPVS_DEVICE, printedSet, readIpvsKernel } from "./ipvs-kernel.js";
import { type IpvsNode, ipvsSysctls } from "./ipvs-node.js";
import { ipvsJumpRules } from "./ipvs-rules.js";
import { ipvsDoc, type IpvsRenderer } from "./render.js";
import { checkDraining, type IpvsCommand, planIpvsSync } from "./sync.js";

/** The IPVS mode at work. */
export interface IpvsProxy extends ProxyModel<IpvsNode> {
  /** The minute's look at real servers on their way out; true while some are left. */
  drain(door: NodeDoor, node: Pick<IpvsNode, "family">): boolean;
  /** Whether a sync has run on this node. */
  knows(door: NodeDoor, node: Pick<IpvsNode, "family">): boolean;
  /** Whether some are on their way out. */
  drains(door: NodeDoor, node: Pick<IpvsNode, "family">): boolean;
}

/** What the mode remembers of a node in one family. */
interface IpvsMemory {
  readonly view: ProxyView;
  /** keys of real servers on their way out */
  readonly draining: readonly string[];
}

/** The proxy of a cluster; all nodes share the renderer. Virtual servers inside `excluded` (`ipvs.excludeCIDRs`) are left alone. */
export function ipvsProxy(renderer: IpvsRenderer, excluded: readonly Network[] = []): IpvsProxy {
  return {
    name: "ipvs",
    sync: (door, node, view) => syncNode(door, node, view, renderer, excluded),
    forget: () => {},
    drain: (door, node) => drainNode(door, node),
    knows: (door, node) => remembered(door, node) !== undefined,
    drains: (door, node) => (remembered(door, node)?.draining.length ?? 0) > 0,
  };
}

function memoryKey({ family }: Pick<IpvsNode, "family">): string {
  return `kube-proxy ipvs IPv${family}`;
}

function remembered(door: NodeDoor, node: Pick<IpvsNode, "family">): IpvsMemory | undefined {
  return door.memory.get(memoryKey(node)) as IpvsMemory | undefined;
}

function syncNode(door: NodeDoor, node: IpvsNode, view: ProxyView, renderer: IpvsRenderer, excluded: readonly Network[]): boolean {
  const { ns, stack } = door;
  const before = remembered(door, node);
  if (before === undefined) setUp(door, node);
  ensureVerbs(door, node.family, ipvsJumpRules(renderer.causeOf));
  if (listDevice(stack, ns, node.family, IPVS_DEVICE) === null) door.plumb({ verb: "link-add", ns, name: IPVS_DEVICE, kind: "dummy" });
  const doc = ipvsDoc(renderer.render(view, node), node, renderer.causeOf);
  const wanted: IpvsDoc = { ...doc, sets: doc.sets.map((set) => printedSet(set, node.family)) };
  const plan = planIpvsSync(wanted, readIpvsKernel(door, node.family, wanted.sets), new Set(before?.draining), excluded);
  const causes = new Map(doc.addresses.map(({ text, cause }) => [text, cause]));
  const taken = perform(door, plan.commands, causes);
  const refused = door.plumb({ verb: "iptables-restore", ns, family: node.family, doc: doc.rules, noflush: true, counters: true });
  door.memory.set(memoryKey(node), Object.freeze<IpvsMemory>({ view, draining: [...plan.draining] }));
  cleanFlows(door, node.family, before?.view ?? emptyView, view);
  return taken && refused === null;
}

/** What is set once, when the proxy starts. */
function setUp(door: NodeDoor, node: IpvsNode): void {
  const { ns } = door;
  for (const [key, value] of ipvsSysctls(node)) door.plumb({ verb: "sysctl", ns, key: key.replaceAll("/", "."), value });
  const { tcp, tcpFin, udp } = node.timeouts ?? { tcp: 0, tcpFin: 0, udp: 0 };
  if (tcp > 0 || tcpFin > 0 || udp > 0) door.plumb({ verb: "ipvs", ns, op: "timeouts", timeouts: { tcp, tcpFin, udp } });
}

function drainNode(door: NodeDoor, node: Pick<IpvsNode, "family">): boolean {
  const before = remembered(door, node);
  if (before === undefined || before.draining.length === 0) return false;
  const plan = checkDraining(readIpvsKernel(door, node.family, []), new Set(before.draining));
  perform(door, plan.commands, new Map());
  door.memory.set(memoryKey(node), Object.freeze<IpvsMemory>({ ...before, draining: [...plan.draining] }));
  return plan.draining.size > 0;
}

/** Does them in order; false if the kernel refused one. */
function perform(door: NodeDoor, commands: readonly IpvsCommand[], causes: ReadonlyMap<string, number>): boolean {
  let taken = true;
  for (const command of commands) if (door.plumb(actOf(door.ns, command, causes)) !== null) taken = false;
  return taken;
}

function actOf(ns: number, command: IpvsCommand, causes: ReadonlyMap<string, number>): Act {
  switch (command.verb) {
    case "addAddress":
      return { verb: "addr-add", ns, dev: IPVS_DEVICE, addr: command.text, cause: causes.get(command.text) ?? 0 };
    case "deleteAddress":
      return { verb: "addr-del", ns, dev: IPVS_DEVICE, addr: command.text };
    case "addServer":
      return { verb: "ipvs", ns, op: "add-service", ...serverWords(command.server) };
    case "editServer":
      return { verb: "ipvs", ns, op: "edit-service", ...serverWords(command.server) };
    case "deleteServer":
      return { verb: "ipvs", ns, op: "delete-service", service: serviceOf(command.server) };
    case "addReal":
      return { verb: "ipvs", ns, op: "add-server", service: serviceOf(command.server), server: realWords(command.real), cause: command.real.cause };
    case "editReal":
      // Kept on its way out, a server is still there because of what once named it.
      return { verb: "ipvs", ns, op: "edit-server", service: serviceOf(command.server), server: realWords(command.real), ...(command.real.cause === 0 ? {} : { cause: command.real.cause }) };
    case "deleteReal":
      return { verb: "ipvs", ns, op: "delete-server", service: serviceOf(command.server), server: { addr: command.real.ip, port: command.real.port } };
    case "createSet":
      return createSet(ns, command.set);
    case "addEntry":
      return { verb: "ipset", ns, op: "add", name: command.set.name, entry: command.text, exist: true, cause: command.cause };
    case "deleteEntry":
      return { verb: "ipset", ns, op: "del", name: command.set.name, entry: command.text, exist: true };
  }
}

function serviceOf({ protocol, ip, port }: VirtualServer): IpvsService {
  return { protocol: protocol as "tcp" | "udp" | "sctp", addr: ip, port };
}

/** IP_VS_SVC_F_SCHED_MH_PORT */
const MH_PORT = 0x10;

function serverWords(server: VirtualServer): { readonly service: IpvsService; readonly scheduler: string; readonly persistent?: number; readonly schedFlags?: readonly string[]; readonly cause: number } {
  const { scheduler, persistence, flags, cause } = server;
  return { service: serviceOf(server), scheduler, ...(persistence === 0 ? {} : { persistent: persistence }), ...((flags & MH_PORT) === 0 ? {} : { schedFlags: ["mh-port"] }), cause };
}

function realWords({ ip, port, weight }: RealServer): { readonly addr: string; readonly port: number; readonly weight: number } {
  return { addr: ip, port, weight };
}

function createSet(ns: number, { name, type, family }: IpSet): Act {
  const options = type === "bitmap:port" ? ["range", "0-65535"] : ["hashsize", "1024", "maxelem", "65536"];
  return { verb: "ipset", ns, op: "create", name, type, family: family === "inet6" ? 6 : 4, options, exist: true };
}
