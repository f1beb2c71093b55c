/** Wrong input: the API server's words with file, line and column, everything at once, exit 2, no stack trace. */
import { describe, expect, it } from "vitest";
import { podwire } from "../support/command.js";

const POD = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n    - name: a\n      image: a\n      ports:\n        - containerPort: 80\n";

function trace(stdin: string, ...words: string[]): { readonly code: number | null; readonly lines: readonly string[]; readonly stdout: string } {
  const { code, stderr, stdout } = podwire(["trace", "-f", "-", "--from", "a", "--to", "a", ...words], stdin);
  return { code, stdout, lines: stderr.split("\n").filter((line) => line !== "") };
}

describe("wrong manifests", () => {
  it("are refused with their place, all at once", () => {
    const { code, lines } = trace(
      `${POD}---\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  selector: {app: web}\n  ports:\n    - port: 0\n    - port: 70000\n---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: p\nspec:\n  podSelector: {}\n  ingress:\n    - from:\n        - ipBlock:\n            cidr: 10.0.0.300/8\n`,
    );
    expect(code).toBe(2);
    const text = lines.join("\n");
    expect(text).toContain("<stdin>:19:7: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive");
    expect(text).toContain("<stdin>:20:7: spec.ports[1].port: Invalid value: 70000: must be between 1 and 65535, inclusive");
    expect(text).toContain("<stdin>:31:13: spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"10.0.0.300/8\": must be a valid CIDR value");
    expect(text).not.toContain("at Object");
  });

  it("are refused as JSON too, with code, path, file and line", () => {
    const { code, stdout } = trace(`${POD.replace("80", "0x")}`, "-o", "json");
    expect(code).toBe(2);
    const { problems } = JSON.parse(stdout) as { problems: Record<string, unknown>[] };
    expect(problems[0]).toMatchObject({ severity: "error", path: "spec.containers[0].ports[0].containerPort", file: "<stdin>", line: 10 });
    expect(Object.keys(problems[0]!)).toEqual(expect.arrayContaining(["code", "message"]));
  });

  it("with broken YAML name the line", () => {
    const { code, lines } = trace("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n name: b\n");
    expect(code).toBe(2);
    expect(lines[0]).toMatch(/^<stdin>:5:\d+: /);
  });

  it("apply nothing when one file of a folder is wrong", () => {
    const { code, stdout } = trace(`${POD}---\napiVersion: v1\nkind: Pod\nmetadata: {name: B_}\nspec: {containers: []}\n`);
    expect(code).toBe(2);
    expect(stdout).toBe("");
  });

  it("with unknown fields are warned of, and refused when strict", () => {
    const odd = POD.replace("spec:\n", "spec:\n  nodePort: 3\n");
    const warned = trace(odd, "--port", "80");
    expect(warned.code).toBe(0);
    expect(warned.lines.join("\n")).toMatch(/^warning: <stdin>:6:\d+: .*unknown field "spec.nodePort"/m);
    expect(trace(odd, "--strict").code).toBe(2);
  });
});

describe("wrong words", () => {
  it("about who and whom are told in kubectl's", () => {
    expect(trace(POD, "--from", "nosuch")).toMatchObject({ code: 2 });
    expect(trace(POD, "--from", "nosuch").lines.join("\n")).toContain('pods "nosuch" not found');
    expect(trace(POD, "--from", "deploy/web").lines.join("\n")).toContain('deployments.apps "web" not found');
    expect(trace(POD, "--from", "node/moon").lines.join("\n")).toContain('nodes "moon" not found');
    expect(trace(POD, "--to", "1.2.3.4").lines.join("\n")).toContain("Required value");
    expect(trace(POD, "--to", "web:70000").lines.join("\n")).toContain("must be between 1 and 65535, inclusive");
  });

  it("about what is not built say so", () => {
    const { code, lines } = trace(POD, "--cni", "cilium", "--proxy", "none");
    expect(code).toBe(2);
    expect(lines.join("\n")).toContain("cni: cilium: not modelled");
    expect(lines.join("\n")).toMatch(/proxy: .*none.*not modelled/);
  });

  it("about the command line get help and exit code 2", () => {
    const run = podwire(["trace", "--from", "a", "--to", "b", "--prot", "80"]);
    expect(run.code).toBe(2);
    expect(run.stderr).toContain("Did you mean one of --port, --proto");
    expect(podwire(["trace", "--frm", "a", "--to", "b"]).stderr).toContain("unknown option '--frm'");
    const { code, stderr } = podwire(["trace", "-f", "nowhere.yaml"]);
    expect(code).toBe(2);
    expect(stderr).toContain("error: required option '--from <who>' not specified\nerror: required option '--to <whom>' not specified\n");
    expect(podwire(["trac"]).stderr).toContain("Did you mean trace?");
    expect(podwire(["trac"]).code).toBe(2);
    expect(podwire(["trace", "-f", "nowhere.yaml", "--from", "a", "--to", "b"])).toMatchObject({ code: 2, stderr: expect.stringContaining('the path "nowhere.yaml" does not exist') });
  });

  it("none at all shows what there is", () => {
    const help = podwire(["--help"]);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain("trace");
    expect(podwire(["--version"]).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("a cluster that cannot hold its nodes", () => {
  it("leaves the node without a pod CIDR and says so in an event", async () => {
    const { createCluster } = await import("../../src/cluster/cluster.js");
    const cluster = createCluster({ podSubnet: "10.244.0.0/23", nodes: 4 });
    cluster.settle();
    const words = cluster.control.events.map((event) => `${event.reason}: ${event.message}`);
    expect(words.some((text) => text.startsWith("CIDRNotAvailable"))).toBe(true);
    expect(cluster.objects("Node").filter((node) => node.spec?.podCIDR === undefined).length).toBe(2);
  });

  it("is refused when its subnets are no subnets, overlap, or are IPv6 for a CNI that has none", async () => {
    const { createCluster } = await import("../../src/cluster/cluster.js");
    const { isInputError } = await import("../../src/cluster/input-error.js");
    const told = (options: object): readonly string[] => {
      try {
        createCluster(options);
      } catch (error) {
        if (isInputError(error)) return error.problems.map((problem) => `${problem.path}: ${problem.message}`);
        throw error;
      }
      return [];
    };
    expect(told({ podSubnet: "10.244.0.0/33", serviceSubnet: "nonsense", nodes: 0, proxy: "magic" }).length).toBe(4);
    expect(told({ podSubnet: "10.96.0.0/12" })).toEqual(["serviceSubnet: Invalid value: \"10.96.0.0/16\": overlaps with podSubnet 10.96.0.0/12"]);
    expect(told({ podSubnet: "fd00::/56", serviceSubnet: "fd01::/112" })).toEqual(["cni: flannel with IPv6 pods: not modelled"]);
  });
});
