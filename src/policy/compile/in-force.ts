/*
 * Which policies are in force where: the compiled policies, and for each identity and direction the
 * program that they add up to. Changes of policies and of identities meet here.
 */
import type { PodPort } from "../input.js";
import type { Policy } from "../rules.js";
import { type CompiledPolicy, type CompileParts, compilePolicy } from "./compiled-policy.js";
import { protocolNumbers } from "./port-classes.js";
import { Side } from "./side.js";

export class InForce {
  readonly egress: Side;
  readonly ingress: Side;
  readonly #parts: CompileParts;
  readonly #policies: (CompiledPolicy | null)[] = [];
  readonly #serials = new Map<string, number>();
  readonly #clusterWide = new Set<number>();
  readonly #byNamespace: Set<number>[] = [];
  readonly #ownPorts: (readonly PodPort[])[] = [];
  readonly #ownPortIds = new Map<string, number>();
  /** Port names that some policy mentions. */
  readonly #names = new Set<string>();
  #programsAtFirst = 0;

  constructor(parts: CompileParts) {
    this.#parts = parts;
    this.egress = new Side("egress", this.#policies, this.#ownPorts, parts.terms, parts.ports);
    this.ingress = new Side("ingress", this.#policies, this.#ownPorts, parts.terms, parts.ports);
  }

  /** Compiles a policy without putting it over anyone yet; `cover` or `reprogram` does. */
  register(policy: Policy): number {
    const serial = this.#policies.length;
    const compiled = compilePolicy(policy, this.#parts);
    const names = this.#names.size;
    this.#policies.push(compiled);
    this.#serials.set(policy.id, serial);
    if (compiled.namespace < 0) this.#clusterWide.add(serial);
    else this.#inNamespace(compiled.namespace).add(serial);
    for (const rules of [compiled.egress, compiled.ingress]) {
      for (const rule of rules ?? []) for (const { name } of rule.names) this.#names.add(name);
    }
    if (this.#names.size !== names) this.enterAllPorts();
    return serial;
  }

  /** Puts a policy over all identities that it selects. */
  cover(serial: number): void {
    const { namespace, namespaces, pods } = this.#policies[serial]!;
    this.#parts.terms.eachSubject(namespace, namespaces, pods, (identity) => this.#put(identity, serial));
  }

  remove(id: string): void {
    const serial = this.#serials.get(id);
    if (serial === undefined) return;
    const { namespace, namespaces, pods } = this.#policies[serial]!;
    const subjects: number[] = [];
    this.#parts.terms.eachSubject(namespace, namespaces, pods, (identity) => subjects.push(identity));
    this.#policies[serial] = null;
    this.#serials.delete(id);
    this.#clusterWide.delete(serial);
    if (namespace >= 0) this.#inNamespace(namespace).delete(serial);
    for (const identity of subjects) this.program(identity);
  }

  /** Finds the policies of one identity anew. */
  program(identity: number): void {
    for (const side of [this.egress, this.ingress]) {
      if (side.program.length <= identity) side.program.extend(identity + 1);
      side.program.data[identity] = 0;
    }
    const namespace = this.#parts.identities.namespace.data[identity]!;
    if (namespace < 0) return;
    for (const serials of [this.#inNamespace(namespace), this.#clusterWide]) {
      for (const serial of serials) {
        const { namespace: own, namespaces, pods } = this.#policies[serial]!;
        if (this.#parts.terms.isSubject(identity, own, namespaces, pods)) this.#put(identity, serial);
      }
    }
    this.widen();
  }

  /** Programs of all identities from nothing; rows stay. */
  reprogram(): void {
    const { count } = this.#parts.identities;
    this.egress.restart(count);
    this.ingress.restart(count);
    for (const serial of this.#serials.values()) this.cover(serial);
    this.#programsAtFirst = this.#programs;
  }

  /** Programs of the past have come to outnumber those in use by far. */
  get crowded(): boolean {
    return this.#programs > 4 * this.#programsAtFirst + 4096;
  }

  /** Gives new programs their places in the tables of rows. */
  widen(): void {
    this.egress.widen();
    this.ingress.widen();
  }

  /** Every number behind a port name that a policy mentions is a port class of its own. */
  enterPorts(identity: number): void {
    if (this.#names.size === 0) return;
    for (const port of this.#parts.identities.named(identity)) {
      if (this.#names.has(port.name)) this.#parts.ports.entry(protocolNumbers[port.protocol]!, port.number, port.number);
    }
  }

  enterAllPorts(): void {
    for (let identity = 0; identity < this.#parts.identities.count; identity++) this.enterPorts(identity);
  }

  get bytes(): number {
    return this.egress.bytes + this.ingress.bytes;
  }

  get #programs(): number {
    return this.egress.programs.count + this.ingress.programs.count;
  }

  #put(identity: number, serial: number): void {
    const ownPorts = (): number => this.#ownPortList(identity);
    this.egress.add(identity, serial, ownPorts);
    this.ingress.add(identity, serial, ownPorts);
  }

  #ownPortList(identity: number): number {
    const named = this.#parts.identities.named(identity);
    const key = named.map((port) => `${port.name} ${port.protocol} ${port.number}`).join();
    let id = this.#ownPortIds.get(key);
    if (id === undefined) {
      id = this.#ownPorts.push(named) - 1;
      this.#ownPortIds.set(key, id);
    }
    return id;
  }

  #inNamespace(namespace: number): Set<number> {
    while (this.#byNamespace.length <= namespace) this.#byNamespace.push(new Set());
    return this.#byNamespace[namespace]!;
  }
}
