/** Cluster IPs and node ports of Services as they are stored and go. Read first: kubernetes `pkg/registry/core/service/storage/alloc.go`. */
import { extended } from "../base/extended.js";
import { parseIpText, type Service, type ServicePort, type ServiceSpec } from "../api/index.js";
import { NodePorts } from "./node-port.js";
import type { NumberPoolState } from "./number-pool.js";
import { ServiceIps } from "./service-ip.js";

/** What is wrong with one field; `value` null: the server's own failure. */
export interface AllocationFault {
  readonly path: string;
  readonly value: unknown;
  readonly detail: string;
}

export interface ServiceAllocatorsState {
  readonly ips: readonly NumberPoolState[];
  readonly ports: NumberPoolState;
}

/** A number in [0, n) from a stream. */
type Draw = (stream: string, n: number) => number;

/** What one Service takes, so that it can be given back. */
export interface Taken {
  readonly ips: string[];
  readonly ports: number[];
}

const word = (family: 4 | 6): string => (family === 4 ? "IPv4" : "IPv6");

export class ServiceAllocators {
  private readonly ips: readonly ServiceIps[];
  private readonly ports: NodePorts = new NodePorts();

  /** The first range is that of the primary family. */
  constructor(ranges: readonly string[]) {
    this.ips = ranges.map((range) => new ServiceIps(range));
  }

  /** The Service with what is allocated for it; it holds what `old` holds, and `taken` is new. Faults: nothing is taken. */
  admit(
    service: Service,
    old: Service | null,
    draw: Draw,
  ): { readonly service: Service; readonly taken: Taken; readonly faults: readonly AllocationFault[] } {
    const taken: Taken = { ips: [], ports: [] };
    const faults: AllocationFault[] = [];
    let { spec } = service;
    if (spec.type === "ExternalName") spec = withoutAddresses(spec);
    else {
      spec = this.withFamilies(spec, faults);
      if (faults.length === 0) spec = this.withIps(spec, old, draw, taken, faults);
    }
    spec = this.withPorts(spec, old, draw, taken, faults);
    if (faults.length > 0) this.giveBack(taken);
    return { service: { ...service, spec }, taken, faults };
  }

  giveBack({ ips, ports }: Taken): void {
    for (const ip of ips) for (const range of this.ips) range.release(ip);
    for (const port of ports) this.ports.release(port);
  }

  /** What a Service holds. */
  held(service: Service): Taken {
    const { clusterIPs = [], ports = [], healthCheckNodePort } = service.spec;
    const numbers = ports.flatMap((port) => ((port.nodePort ?? 0) === 0 ? [] : [port.nodePort!]));
    if ((healthCheckNodePort ?? 0) !== 0) numbers.push(healthCheckNodePort!);
    return { ips: clusterIPs.filter((ip) => ip !== "None" && ip !== ""), ports: [...new Set(numbers)] };
  }

  /** A Service is now another, or gone: what it no longer holds is free. */
  replaced(old: Service, now: Service | null): void {
    const [before, after] = [this.held(old), now === null ? { ips: [], ports: [] } : this.held(now)];
    this.giveBack({
      ips: before.ips.filter((ip) => !after.ips.includes(ip)),
      ports: before.ports.filter((port) => !after.ports.includes(port)),
    });
  }

  save(): ServiceAllocatorsState {
    return { ips: this.ips.map((range) => range.save()), ports: this.ports.save() };
  }

  restore(state: ServiceAllocatorsState): void {
    for (const [index, range] of this.ips.entries()) range.restore(state.ips[index]!);
    this.ports.restore(state.ports);
  }

  private withFamilies(spec: ServiceSpec, faults: AllocationFault[]): ServiceSpec {
    const known = this.ips.map((range) => word(range.family));
    const headless = spec.clusterIP === "None";
    const selectorless = headless && Object.keys(spec.selector ?? {}).length === 0;
    const given = (spec.clusterIPs ?? []).filter((ip) => ip !== "None").map((ip) => word(parseIpText(ip)?.family === 6 ? 6 : 4));
    const wanted = spec.ipFamilies ?? [];
    const families = [...wanted, ...given.slice(wanted.length)];
    const policy = spec.ipFamilyPolicy ?? (selectorless ? "RequireDualStack" : "SingleStack");
    wanted.forEach((family, index) => {
      if (!known.includes(family) && !selectorless)
        faults.push({ path: `spec.ipFamilies[${index}]`, value: family, detail: "not configured on this cluster" });
    });
    if (policy === "SingleStack" && families.length > 1) {
      const what = given.length > 1 ? "cluster IPs" : "IP families";
      faults.push({
        path: "spec.ipFamilyPolicy",
        value: policy,
        detail: `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`,
      });
    }
    if (policy === "RequireDualStack" && known.length < 2 && !selectorless) {
      faults.push({ path: "spec.ipFamilyPolicy", value: policy, detail: "this cluster is not configured for dual-stack services" });
    }
    if (families.length === 0) families.push(known[0] ?? "IPv4");
    if (policy !== "SingleStack" && families.length === 1 && (known.length > 1 || selectorless))
      families.push(families[0] === "IPv4" ? "IPv6" : "IPv4");
    return { ...spec, ipFamilyPolicy: policy, ipFamilies: policy === "SingleStack" ? families.slice(0, 1) : families };
  }

  private withIps(spec: ServiceSpec, old: Service | null, draw: Draw, taken: Taken, faults: AllocationFault[]): ServiceSpec {
    if (spec.clusterIP === "None") return { ...spec, clusterIPs: ["None"] };
    const held = old === null ? [] : this.held(old).ips;
    const asked = spec.clusterIPs ?? ((spec.clusterIP ?? "") === "" ? [] : [spec.clusterIP!]);
    const clusterIPs = (spec.ipFamilies ?? []).flatMap((family, index) => {
      const range = this.ips.find((each) => word(each.family) === family);
      const ip = asked[index] ?? held[index];
      if (range === undefined || (ip !== undefined && held.includes(ip))) return ip === undefined ? [] : [ip];
      const fault = ip === undefined ? null : range.take(ip);
      const got = ip ?? range.draw((n) => draw(`control/cluster-ips/${family}`, n));
      if (fault !== null) faults.push({ path: "spec.clusterIPs", value: asked, detail: fault });
      else if (got === null) faults.push({ path: "spec.clusterIPs", value: null, detail: "failed to allocate a serviceIP: range is full" });
      else taken.ips.push(got);
      return got === null ? [] : [got];
    });
    return extended(spec, { clusterIP: clusterIPs[0] ?? "", clusterIPs });
  }

  private withPorts(spec: ServiceSpec, old: Service | null, draw: Draw, taken: Taken, faults: AllocationFault[]): ServiceSpec {
    const balancer = spec.type === "LoadBalancer";
    const held = new Set(old === null ? [] : this.held(old).ports);
    const { healthCheckNodePort, ports = [], ...rest } = spec;
    const listed = spec.ports === undefined ? {} : { ports };
    if (spec.type !== "NodePort" && !balancer)
      return extended(rest, { ...listed, ...(spec.ports === undefined ? {} : { ports: ports.map(withoutNodePort) }) });
    const asks = !balancer || spec.allocateLoadBalancerNodePorts !== false;
    const shared = new Map<number, number>();
    const take = (port: number, path: string): number => {
      const fault = held.has(port) || taken.ports.includes(port) ? null : this.ports.take(port);
      if (fault !== null) faults.push({ path, value: port, detail: fault });
      else if (!held.has(port) && !taken.ports.includes(port)) taken.ports.push(port);
      return port;
    };
    const drawn = (): number => {
      const port = this.ports.draw((n) => draw("control/node-ports", n));
      if (port === null) faults.push({ path: "spec.ports", value: null, detail: "failed to allocate a nodePort: range is full" });
      else taken.ports.push(port);
      return port ?? 0;
    };
    // Explicit wishes first, so that a drawn port cannot take one away.
    ports.forEach((port, index) => {
      if ((port.nodePort ?? 0) !== 0) shared.set(port.port, take(port.nodePort!, `spec.ports[${index}].nodePort`));
    });
    const numbered = ports.map((port): ServicePort => {
      if ((port.nodePort ?? 0) !== 0 || !asks) return port;
      const nodePort = shared.get(port.port) ?? drawn();
      shared.set(port.port, nodePort);
      return { ...port, nodePort };
    });
    if (!balancer || spec.externalTrafficPolicy !== "Local") return { ...rest, ports: numbered };
    const health = (healthCheckNodePort ?? 0) !== 0 ? take(healthCheckNodePort!, "spec.healthCheckNodePort") : drawn();
    return { ...rest, ports: numbered, healthCheckNodePort: health };
  }
}

function withoutAddresses(spec: ServiceSpec): ServiceSpec {
  const { clusterIP: _ip, clusterIPs: _ips, ipFamilies: _families, ipFamilyPolicy: _policy, ...rest } = spec;
  return rest;
}

function withoutNodePort({ nodePort: _nodePort, ...port }: ServicePort): ServicePort {
  return port;
}
