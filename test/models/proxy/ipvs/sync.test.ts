import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { IpvsDoc, RealServer, VirtualServer } from "../../../../src/models/proxy/ipvs/ipvs-doc.js";
import type { IpvsNode } from "../../../../src/models/proxy/ipvs/ipvs-node.js";
import { IpvsRenderer, ipvsDoc } from "../../../../src/models/proxy/ipvs/render.js";
import {
  checkDraining,
  type Draining,
  type IpvsCommand,
  type IpvsKernel,
  type KernelReal,
  planIpvsSync,
} from "../../../../src/models/proxy/ipvs/sync.js";
import { readNetwork } from "../../../../src/models/proxy/sloppy-address.js";
import { changeView, emptyView } from "../../../../src/models/proxy/view.js";
import { history } from "../arbitrary-services.js";
import { anyIptablesNode } from "../proxy-nodes.js";

const none: IpvsKernel = { addresses: [], servers: [], sets: [] };

function server(protocol: string, ...reals: readonly RealServer[]): VirtualServer {
  const key = `${protocol.toUpperCase()} 10.96.0.1:80`;
  return { protocol, ip: "10.96.0.1", port: 80, key, scheduler: "rr", persistence: 0, flags: 0, servers: reals, cause: 1 };
}

function real(host: number, weight = 1): RealServer {
  return { ip: `10.0.0.${host}`, port: 8080, text: `10.0.0.${host}:8080`, weight, cause: 1 };
}

function docOf(...servers: readonly VirtualServer[]): IpvsDoc {
  return { addresses: [], virtualServers: servers, sets: [], rules: { tables: [] } };
}

function kernelOf(of: VirtualServer, ...reals: readonly KernelReal[]): IpvsKernel {
  return { ...none, servers: [{ server: of, reals }] };
}

const words = (commands: readonly IpvsCommand[]): readonly string[] =>
  commands.map((command) => ("real" in command ? `${command.verb} ${command.real.text} w${command.real.weight}` : command.verb));

describe("a real server that is no longer wanted", () => {
  test("goes at once without connections, and waits with weight 0 while it has some", () => {
    const gone = (active: number, inactive: number): readonly string[] =>
      words(planIpvsSync(docOf(server("tcp")), kernelOf(server("tcp"), { real: real(1), active, inactive }), new Set(), []).commands);
    expect(gone(0, 0)).toEqual(["deleteReal 10.0.0.1:8080 w1"]);
    expect(gone(1, 0)).toEqual(["editReal 10.0.0.1:8080 w0"]);
    expect(gone(0, 3)).toEqual(["editReal 10.0.0.1:8080 w0"]);
  });

  test("goes at once for UDP and SCTP", () => {
    for (const protocol of ["udp", "sctp"]) {
      const sync = planIpvsSync(
        docOf(server(protocol)),
        kernelOf(server(protocol), { real: real(1), active: 5, inactive: 0 }),
        new Set(),
        [],
      );
      expect(words(sync.commands)).toEqual(["deleteReal 10.0.0.1:8080 w1"]);
    }
  });

  test("is deleted by the minute's look when its connections are over", () => {
    const first = planIpvsSync(docOf(server("tcp")), kernelOf(server("tcp"), { real: real(1), active: 1, inactive: 0 }), new Set(), []);
    const busy = checkDraining(kernelOf(server("tcp"), { real: real(1, 0), active: 0, inactive: 1 }), first.draining);
    expect(busy.commands).toEqual([]);
    const idle = checkDraining(kernelOf(server("tcp"), { real: real(1, 0), active: 0, inactive: 0 }), busy.draining);
    expect(words(idle.commands)).toEqual(["deleteReal 10.0.0.1:8080 w0"]);
    expect(idle.draining.size).toBe(0);
  });

  test("that returns meanwhile is made anew", () => {
    const first = planIpvsSync(docOf(server("tcp")), kernelOf(server("tcp"), { real: real(1), active: 1, inactive: 0 }), new Set(), []);
    const back = planIpvsSync(
      docOf(server("tcp", real(1))),
      kernelOf(server("tcp"), { real: real(1, 0), active: 1, inactive: 0 }),
      first.draining,
      [],
    );
    expect(words(back.commands)).toEqual(["deleteReal 10.0.0.1:8080 w0", "addReal 10.0.0.1:8080 w1"]);
    expect(back.draining.size).toBe(0);
  });
});

test("after a restart weights are 1 again", () => {
  const sync = planIpvsSync(
    docOf(server("tcp", real(1))),
    kernelOf(server("tcp"), { real: real(1, 0), active: 1, inactive: 0 }),
    new Set(),
    [],
  );
  expect(words(sync.commands)).toEqual(["editReal 10.0.0.1:8080 w1"]);
});

test("virtual servers of others go, unless their network is excluded", () => {
  const kernel = kernelOf(server("tcp"));
  expect(words(planIpvsSync(docOf(), kernel, new Set(), []).commands)).toEqual(["deleteServer"]);
  expect(planIpvsSync(docOf(), kernel, new Set(), [readNetwork("10.96.0.0/16")!]).commands).toEqual([]);
});

/** The kernel after the commands, with no connections anywhere. */
function after(kernel: IpvsKernel, commands: readonly IpvsCommand[]): IpvsKernel {
  const addresses = new Set(kernel.addresses);
  const servers = new Map(
    kernel.servers.map((each) => [each.server.key, { server: each.server, reals: new Map(each.reals.map((r) => [r.real.text, r])) }]),
  );
  const sets = new Map(kernel.sets.map((set) => [set.name, { set, texts: new Set(set.entries.map((entry) => entry.text)) }]));
  for (const command of commands) {
    switch (command.verb) {
      case "addAddress":
        addresses.add(command.text);
        break;
      case "deleteAddress":
        addresses.delete(command.text);
        break;
      case "addServer":
        servers.set(command.server.key, { server: command.server, reals: new Map() });
        break;
      case "editServer":
        servers.get(command.server.key)!.server = command.server;
        break;
      case "deleteServer":
        servers.delete(command.server.key);
        break;
      case "addReal":
      case "editReal":
        servers.get(command.server.key)!.reals.set(command.real.text, { real: command.real, active: 0, inactive: 0 });
        break;
      case "deleteReal":
        servers.get(command.server.key)!.reals.delete(command.real.text);
        break;
      case "createSet":
        sets.set(command.set.name, { set: command.set, texts: new Set() });
        break;
      case "addEntry":
        sets.get(command.set.name)!.texts.add(command.text);
        break;
      case "deleteEntry":
        sets.get(command.set.name)!.texts.delete(command.text);
        break;
    }
  }
  return {
    addresses: [...addresses],
    servers: [...servers.values()].map(({ server: of, reals }) => ({ server: of, reals: [...reals.values()] })),
    sets: [...sets.values()].map(({ set, texts }) => ({ ...set, entries: [...texts].map((text) => ({ text, cause: 1 })) })),
  };
}

function shape(kernel: IpvsKernel): unknown {
  return {
    addresses: [...kernel.addresses].sort(),
    servers: kernel.servers
      .map(
        ({ server: of, reals }) =>
          `${of.key} ${of.scheduler} ${of.persistence} ${of.flags}: ${reals
            .map((r) => `${r.real.text} ${r.real.weight}`)
            .sort()
            .join()}`,
      )
      .sort(),
    sets: kernel.sets
      .map(
        ({ name, entries }) =>
          `${name} ${entries
            .map((entry) => entry.text)
            .sort()
            .join(" ")}`,
      )
      .sort(),
  };
}

test("any sequence of syncs ends where one sync of the end state does", () => {
  fc.assert(
    fc.property(history, anyIptablesNode, fc.constantFrom("rr", "mh", "sh"), (batches, base, scheduler) => {
      const node: IpvsNode = { ...base, scheduler, strictARP: false };
      const renderer = new IpvsRenderer(() => 1);
      let view = emptyView;
      let kernel = none;
      let draining: Draining = new Set();
      for (const batch of batches) {
        view = changeView(view, batch);
        const sync = planIpvsSync(
          ipvsDoc(renderer.render(view, node), node, () => 1),
          kernel,
          draining,
          [],
        );
        kernel = after(kernel, sync.commands);
        draining = sync.draining;
      }
      const doc = ipvsDoc(new IpvsRenderer(() => 1).render(view, node), node, () => 1);
      expect(shape(kernel)).toEqual(shape(after(none, planIpvsSync(doc, none, new Set(), []).commands)));
      expect(planIpvsSync(doc, kernel, draining, []).commands).toEqual([]);
    }),
  );
});
