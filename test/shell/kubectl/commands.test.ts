import { describe, expect, test } from "vitest";
import type { KubeObject, Located } from "../../../src/api/index.js";
import { Kubectl, type KubectlSource } from "../../../src/shell/kubectl/index.js";
import * as f from "./fixture.js";

const all: readonly KubeObject[] = [...f.nodes, ...f.pods, ...f.services, ...f.slices, ...f.policies, f.deployment];
const run = (command: string, source: KubectlSource = f.sourceOf(all, f.twoEvents)): { text: string; code: number } => {
  const { text, code } = new Kubectl(source).run(command);
  return { text, code };
};

// Words of kubectl (v1.32.4 without a server where none is asked; control-plane.md 1.1 for those of the API server).
describe("refusals", () => {
  test.each([
    ["get pods --foo", "error: unknown flag: --foo\nSee 'kubectl get --help' for usage."],
    ["get pods -z", "error: unknown shorthand flag: 'z' in -z\nSee 'kubectl get --help' for usage."],
    ["get pods -n", "error: flag needs an argument: 'n' in -n\nSee 'kubectl get --help' for usage."],
    ["get pods web -l a=b", "error: name cannot be provided when a selector is specified"],
    ["get pods web -A", "error: a resource cannot be retrieved by name across all namespaces"],
    ["get pods/", "error: arguments in resource/name form must have a single resource and name"],
    ["get widgets", 'error: the server doesn\'t have a resource type "widgets"'],
    ["get pods nosuch", 'Error from server (NotFound): pods "nosuch" not found'],
    ["get deploy nosuch", 'Error from server (NotFound): deployments.apps "nosuch" not found'],
    [
      "get netpol/a netpol/b",
      'Error from server (NotFound): networkpolicies.networking.k8s.io "a" not found\nError from server (NotFound): networkpolicies.networking.k8s.io "b" not found',
    ],
    ["describe pod nosuch", 'Error from server (NotFound): pods "nosuch" not found'],
    [
      "describe",
      'error: You must specify the type of resource to describe. Use "kubectl api-resources" for a complete list of supported resources.',
    ],
    ["frobnicate", 'error: unknown command "frobnicate" for "kubectl"'],
    [
      "get pods -o bogus",
      'error: unable to match a printer suitable for the output format "bogus", allowed formats are: custom-columns,custom-columns-file,go-template,go-template-file,json,jsonpath,jsonpath-as-json,jsonpath-file,name,template,templatefile,wide,yaml',
    ],
  ])("%s", (command, text) => {
    expect(run(command)).toEqual({ text: `${text}\n`, code: 1 });
  });

  test("output by path, and columns of one's own", () => {
    expect(run("get pods stuck -o jsonpath={.metadata.name}:{.status.phase}")).toEqual({ text: "stuck:Pending", code: 0 });
    expect(run("get pod stuck -o custom-columns=NAME:.metadata.name,IP:.status.podIP,IMAGE:.spec.containers[*].image").text).toBe(
      "NAME    IP       IMAGE\nstuck   <none>   busybox\n",
    );
    expect(run("get pod stuck -L app,x/y").text).toMatch(/^NAME {4}READY {3}STATUS {4}RESTARTS {3}AGE {3}APP {3}Y\n/);
    expect(run("get pod stuck -o jsonpath")).toEqual({ text: "error: template format specified but no template given\n", code: 1 });
  });

  test("what is not modelled says so with code 2", () => {
    expect(new Kubectl(f.sourceOf(all)).run("logs web")).toEqual({ text: "kubectl logs (images do not run here, so their programs write nothing): not modelled\n", code: 2, notModelled: true });
  });
});

describe("empty lists", () => {
  test.each([
    ["get jobs", "No resources found in default namespace.\n"],
    ["get jobs -n shop", "No resources found in shop namespace.\n"],
    ["get jobs -A", "No resources found\n"],
    ["get ns", "No resources found\n"],
    ["get pods,jobs -l none=such", "No resources found in default namespace.\n"],
    ["describe jobs", "No resources found in default namespace.\n"],
    ["get jobs -o yaml", 'apiVersion: v1\nitems: []\nkind: List\nmetadata:\n  resourceVersion: ""\n'],
    ["get jobs -o name", "No resources found in default namespace.\n"],
    ["get jobs --ignore-not-found", ""],
  ])("%s", (command, text) => {
    expect(run(command)).toEqual({ text, code: 0 });
  });
});

describe("what is chosen and how it is printed", () => {
  test("several kinds have the kind in front of the name and a blank line between", () => {
    expect(run("get deploy,svc kubernetes web --ignore-not-found").text).toBe(
      [
        "NAME                  READY   UP-TO-DATE   AVAILABLE   AGE",
        "deployment.apps/web   2/3     3            2           50m",
        "",
        "NAME                 TYPE           CLUSTER-IP     EXTERNAL-IP      PORT(S)                      AGE",
        "service/kubernetes   ClusterIP      10.96.0.1      <none>           443/TCP                      10m",
        "service/web          LoadBalancer   10.96.105.12   172.18.255.200   80:31080/TCP,443:31443/TCP   50m",
        "",
      ].join("\n"),
    );
  });

  test("resource/name forms, names of groups, and names alone", () => {
    expect(run("get deployments.apps/web svc/web -o name").text).toBe("deployment.apps/web\nservice/web\n");
    expect(run("get pods -o name").text).toBe("pod/web-6b7c5d8f9-abcde\npod/stuck\n");
    expect(run("get netpol -o name").text).toBe("networkpolicy.networking.k8s.io/deny-all\nnetworkpolicy.networking.k8s.io/web-policy\n");
  });

  test("found ones are printed although others are not there", () => {
    const { text, code } = run("get svc kubernetes nosuch");
    expect(code).toBe(1);
    expect(text.split("\n").slice(1)).toEqual([
      "kubernetes   ClusterIP   10.96.0.1    <none>        443/TCP   10m",
      'Error from server (NotFound): services "nosuch" not found',
      "",
    ]);
  });

  test("labels, headers, selectors and fields", () => {
    expect(run("get netpol -l team=a --no-headers").text).toBe("web-policy   app=web,tier in (a,b)   50m\n");
    expect(run("get netpol --show-labels").text).toBe(
      "NAME         POD-SELECTOR            AGE   LABELS\ndeny-all     <none>                  50m   <none>\nweb-policy   app=web,tier in (a,b)   50m   team=a\n",
    );
    expect(run("get pods -A --field-selector spec.nodeName=kind-worker -o name").text).toBe(
      "pod/web-6b7c5d8f9-abcde\npod/kube-proxy-7xk2p\n",
    );
    expect(run("get svc --sort-by=.metadata.name -o name").text).toBe(
      "service/ext\nservice/headless\nservice/kubernetes\nservice/pend\nservice/web\n",
    );
  });

  test("a single named object as YAML, without managed fields", () => {
    const pod = { ...f.pods[1]!, metadata: { ...f.pods[1]!.metadata, managedFields: [{ manager: "x" }] } } as KubeObject;
    expect(run("get pod stuck -o yaml", f.sourceOf([pod])).text).toBe(
      [
        "apiVersion: v1",
        "kind: Pod",
        "metadata:",
        '  creationTimestamp: "2025-11-01T10:49:30Z"',
        "  name: stuck",
        "  namespace: default",
        "spec:",
        "  containers:",
        "  - image: busybox",
        "    name: c",
        "status:",
        "  phase: Pending",
        "",
      ].join("\n"),
    );
  });

  test("describe takes the beginning of names", () => {
    expect(run("describe netpol deny").text).toBe(run("describe netpol deny-all").text);
    expect(run("describe netpol").text).toBe(`${run("describe netpol deny-all").text}\n\n${run("describe netpol web-policy").text}`);
  });
});

describe("STATUS of pods", () => {
  const status = (state: object, more: object = {}, ready = false): KubeObject =>
    ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "p", namespace: "default", creationTimestamp: f.ago(60), ...(more as { metadata?: object }).metadata },
      spec: { containers: [{ name: "c" }, { name: "d" }], ...(more as { spec?: object }).spec },
      status: {
        phase: "Running",
        containerStatuses: [{ name: "c", ready, restartCount: 0, image: "", imageID: "", state }],
        ...(more as { status?: object }).status,
      },
    }) as unknown as KubeObject;
  const init = (state: object): object => ({
    spec: { initContainers: [{ name: "i" }, { name: "j" }] },
    status: {
      phase: "Pending",
      containerStatuses: [],
      initContainerStatuses: [{ name: "i", ready: false, restartCount: 2, image: "", imageID: "", state }],
    },
  });
  test.each([
    ["0/2 ContainerCreating", status({ waiting: { reason: "ContainerCreating" } })],
    ["0/2 CrashLoopBackOff", status({ waiting: { reason: "CrashLoopBackOff" } })],
    ["0/2 Completed", status({ terminated: { exitCode: 0, reason: "Completed" } })],
    ["0/2 ExitCode:3", status({ terminated: { exitCode: 3 } })],
    ["0/2 Signal:9", status({ terminated: { exitCode: 137, signal: 9 } })],
    ["1/2 Running", status({ running: {} }, {}, true)],
    ["1/2 Terminating", status({ running: {} }, { metadata: { deletionTimestamp: f.ago(0) } }, true)],
    ["0/2 Init:0/2", status({}, init({ running: {} }))],
    ["0/2 Init:CrashLoopBackOff", status({}, init({ waiting: { reason: "CrashLoopBackOff" } }))],
    ["0/2 Init:ExitCode:1", status({}, init({ terminated: { exitCode: 1 } }))],
    ["0/2 Init:Error", status({}, init({ terminated: { exitCode: 1, reason: "Error" } }))],
    [
      "0/2 SchedulingGated",
      status(
        {},
        {
          status: {
            phase: "Pending",
            containerStatuses: [],
            conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }],
          },
        },
      ),
    ],
    ["0/2 Unknown", status({ running: {} }, { metadata: { deletionTimestamp: f.ago(0) }, status: { reason: "NodeLost" } })],
    ["0/2 Evicted", status({}, { status: { phase: "Failed", reason: "Evicted", containerStatuses: [] } })],
  ])("%s", (words, pod) => {
    const cells = run("get pods --no-headers", f.sourceOf([pod])).text.split(/ {3,}|\n/);
    expect(`${cells[1]} ${cells[2]}`).toBe(words);
  });
});

describe("commands that change the cluster", () => {
  function changing(): KubectlSource & { readonly log: string[] } {
    const log: string[] = [];
    let pods = [...f.pods] as KubeObject[];
    let deploy = f.deployment as Extract<KubeObject, { kind: "Deployment" }>;
    let left = 3;
    const base = f.sourceOf(all);
    return {
      ...base,
      log,
      list: (kind, ns) => f.sourceOf([...pods, deploy, ...f.services]).list(kind, ns),
      get: (kind, ns, name) => f.sourceOf([...pods, deploy, ...f.services]).get(kind, ns, name),
      file: (name) =>
        name === "web.yaml"
          ? "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n  ports:\n  - port: 80\n---\napiVersion: v1\nkind: Service\nmetadata:\n  name: new\nspec:\n  ports:\n  - port: 0\n"
          : undefined,
      apply: ({ object }: Located) => {
        log.push(`apply ${object.metadata.namespace ?? ""}/${object.metadata.name}`);
        return object.metadata.name === "new"
          ? {
              reason: "Invalid",
              message: 'The Service "new" is invalid: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive',
            }
          : "configured";
      },
      delete: (_kind, namespace, name, grace) => {
        log.push(`delete ${namespace}/${name} ${grace ?? "-"}`);
        pods = pods.filter((pod) => pod.metadata.name !== name);
        return undefined;
      },
      scale: (_kind, namespace, name, replicas) => {
        log.push(`scale ${namespace}/${name} ${replicas}`);
        return undefined;
      },
      step: () => {
        if (left-- <= 0) return false;
        if (left === 1) deploy = { ...deploy, status: { ...deploy.status, availableReplicas: 3 } };
        return true;
      },
      exec: (namespace, pod, container, words) => ({
        text: `${namespace}/${pod} ${container ?? "-"} ${words.join(" ")}\n`,
        code: words[0] === "false" ? 1 : 0,
      }),
    };
  }
  const kubectl = (command: string, input?: string): { text: string; code: number; log: readonly string[] } => {
    const source = changing();
    return { ...new Kubectl(source).run(command, input), log: source.log };
  };

  test("apply prints what is done, then what is refused", () => {
    expect(kubectl("apply -f web.yaml -n shop")).toEqual({
      text: 'service/web configured\nThe Service "new" is invalid: spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive\n',
      code: 1,
      log: ["apply shop/web", "apply shop/new"],
    });
    expect(kubectl("apply -f nosuch.yaml").text).toBe('error: the path "nosuch.yaml" does not exist\n');
    expect(kubectl("apply").text).toBe("error: must specify one of -f and -k\n");
    expect(
      kubectl("apply -f -", "apiVersion: v1\nkind: Pod\nmetadata:\n  name: p\nspec:\n  containers: [{name: c, image: x}]\n").text,
    ).toBe("pod/p configured\n");
    expect(kubectl("create -f web.yaml").text).toMatch(
      /^Error from server \(AlreadyExists\): error when creating "web.yaml": services "web" already exists\n/,
    );
  });

  test("delete", () => {
    expect(kubectl("delete pod stuck")).toEqual({ text: 'pod "stuck" deleted\n', code: 0, log: ["delete default/stuck -"] });
    expect(kubectl("delete pod/stuck --grace-period=0 --force").text).toMatch(
      /^Warning: Immediate deletion .*\npod "stuck" force deleted\n$/,
    );
    expect(kubectl("delete deploy web").text).toBe('deployment.apps "web" deleted\n');
    expect(kubectl("delete pods").text).toBe("error: resource(s) were provided, but no name was specified\n");
    expect(kubectl("delete pods --all").log).toEqual(["delete default/web-6b7c5d8f9-abcde -", "delete default/stuck -"]);
    expect(kubectl("delete svc nosuch")).toMatchObject({ text: 'Error from server (NotFound): services "nosuch" not found\n', code: 1 });
  });

  test("scale and rollout status", () => {
    expect(kubectl("scale deploy/web --replicas=5")).toEqual({
      text: "deployment.apps/web scaled\n",
      code: 0,
      log: ["scale default/web 5"],
    });
    expect(kubectl("scale deploy web --replicas 0").log).toEqual(["scale default/web 0"]);
    expect(kubectl("scale deploy/web").text).toBe('error: required flag(s) "replicas" not set\n');
    expect(kubectl("rollout status deploy/web")).toMatchObject({
      text: 'Waiting for deployment "web" rollout to finish: 2 of 3 updated replicas are available...\ndeployment "web" successfully rolled out\n',
      code: 0,
    });
  });

  test("exec", () => {
    const pod = f.pods.find((each) => each.metadata.namespace === "default" && each.metadata.name.startsWith("web-"))!.metadata.name;
    expect(kubectl(`exec -it ${pod} -c c -- wget -qO- http://web`)).toMatchObject({
      text: `default/${pod} c wget -qO- http://web\n`,
      code: 0,
    });
    expect(kubectl(`exec ${pod} -- false`)).toMatchObject({
      text: `default/${pod} - false\ncommand terminated with exit code 1\n`,
      code: 1,
    });
    expect(kubectl(`exec ${pod} -c x -- ls`).text).toBe(`Error from server (BadRequest): container x is not valid for pod ${pod}\n`);
    expect(kubectl("exec stuck -- ls").text).toBe("Error from server (BadRequest): pod stuck does not have a host assigned\n");
    expect(kubectl("exec nosuch -- ls").text).toBe('Error from server (NotFound): pods "nosuch" not found\n');
    expect(kubectl("exec stuck").text).toBe("error: you must specify at least one command for the container\n");
  });
});
