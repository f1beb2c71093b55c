/** Options of flannel as people write them: what is taken, and in which words the rest is refused. */
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/cluster/input-error.js";
import { planCluster } from "../../src/cluster/options.js";

function problems(cni: string): string[] {
  try {
    planCluster({ cni });
  } catch (fault) {
    if (fault instanceof InputError) return fault.problems.map(({ path, message, fix }) => `${path}: ${message}${fix === undefined ? "" : ` (${fix})`}`);
    throw fault;
  }
  return [];
}

describe("flannel's options", () => {
  test.each(["flannel", "flannel:vni=2,port=4789", "flannel:directRouting=true", "flannel:backend=ipip,directRouting=false", "flannel:port=51821,backend=wireguard", "flannel:vni=16777215"])("%s is taken", (cni) => {
    expect(problems(cni)).toEqual([]);
  });

  test.each([
    ["flannel:backend=udp", ["cni.backend: flannel backend udp: not modelled (use backend=vxlan or backend=host-gw or backend=ipip or backend=wireguard)"]],
    ["flannel:backend=geneve", ["cni.backend: flannel backend geneve: there is none of that name (use backend=vxlan or backend=host-gw or backend=ipip or backend=wireguard)"]],
    ["flannel:vni=0", ['cni.vni: Invalid value: "0": must be between 1 and 16777215']],
    ["flannel:vni=16777216", ['cni.vni: Invalid value: "16777216": must be between 1 and 16777215']],
    ["flannel:port=70000", ['cni.port: Invalid value: "70000": must be between 1 and 65535']],
    ["flannel:directRouting=yes", ['cni.directRouting: Invalid value: "yes": must be true or false']],
    ["flannel:backend=host-gw,vni=2,port=1", ['cni.vni: Invalid value: "vni=2": backend host-gw has no vni (use it with backend=vxlan)', 'cni.port: Invalid value: "port=1": backend host-gw has no port (use it with backend=vxlan or backend=wireguard)']],
    ["flannel:backend=wireguard,directRouting=true", ['cni.directRouting: Invalid value: "directRouting=true": backend wireguard has no directRouting (use it with backend=vxlan or backend=ipip)']],
    ["flannel:vni", ['cni.vni: Invalid value: "vni": must be backend=NAME, vni=N, port=N or directRouting=true']],
    ["flannel:mtu=1400", ['cni.mtu: Invalid value: "mtu=1400": must be backend=NAME, vni=N, port=N or directRouting=true']],
    ["kindnet:mtu=1400", ['cni.mtu: Invalid value: "mtu=1400": kindnet takes no options']],
  ])("%s is refused", (cni, said) => {
    expect(problems(cni)).toEqual(said);
  });
});
