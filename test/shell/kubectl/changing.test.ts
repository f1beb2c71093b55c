/**
 * Commands that change a cluster. Expected words: kubectl v1.33's source (pkg/cmd/drain, taint, label, annotate, expose, rollout, set, patch,
 * create, wait; pkg/drain/filters.go, pkg/polymorphichelpers), drains as people have recorded them with 1.33 and 1.34, and what
 * kubectl v1.33.1 said to the same commands before a plain HTTP server with the same objects (`recorded/made.txt`: whole answers).
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { SECOND } from "../../../src/base/time.js";
import { type Cluster, createCluster } from "../../../src/cluster/cluster.js";

const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: default, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: nginx, image: "nginx:1.25", ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bare, namespace: default}
spec: {nodeName: kind-worker, containers: [{name: bare, image: busybox}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: default}
spec:
  replicas: 1
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: db, image: "postgres:16"}], volumes: [{name: scratch, emptyDir: {}}], nodeName: kind-worker}
`;

const booted: Cluster = (() => {
  const cluster = createCluster({ nodes: 3, systemPods: false });
  cluster.settle();
  cluster.apply(WEB);
  cluster.settle();
  return cluster;
})();

/** A fork with a kubectl whose commands are followed by rest. */
function shell(): { readonly cluster: Cluster; k(command: string): string; code(command: string): number } {
  const cluster = booted.fork();
  const run = (command: string): { readonly text: string; readonly code: number } => {
    const out = cluster.kubectl(command);
    cluster.settle();
    return out;
  };
  return { cluster, k: (command) => run(command).text, code: (command) => run(command).code };
}

const said = (command: string): string => shell().k(command);

describe("cordon and uncordon", () => {
  test("mark the node, in the scheduler's sight and in that of get", () => {
    const { cluster, k } = shell();
    expect(k("cordon kind-worker")).toBe("node/kind-worker cordoned\n");
    expect(k("cordon kind-worker")).toBe("node/kind-worker already cordoned\n");
    expect(k("get node kind-worker --no-headers")).toMatch(/^kind-worker +Ready,SchedulingDisabled +/);
    expect(cluster.get("Node", "", "kind-worker")?.spec).toMatchObject({ unschedulable: true, taints: [{ key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" }] });
    k("cordon kind-worker2");
    k("scale deploy/web --replicas=3");
    expect(k("events --for deployment/web")).toContain("ScalingReplicaSet");
    expect(cluster.control.events.map(({ message }) => message)).toContain(
      "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 node(s) were unschedulable. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    );
    expect(k("uncordon kind-worker")).toBe("node/kind-worker uncordoned\n");
    expect(k("uncordon kind-worker")).toBe("node/kind-worker already uncordoned\n");
    expect(cluster.get("Node", "", "kind-worker")?.spec?.taints).toBeUndefined();
    expect(cluster.objects("Pod").filter((pod) => pod.metadata.labels?.["app"] === "web" && pod.status?.phase === "Running")).toHaveLength(3);
  });

  test.each([
    ["cordon", "error: USAGE: cordon NODE [flags]\nSee 'kubectl cordon -h' for help and examples\n"],
    ["drain", "error: USAGE: drain NODE [flags]\nSee 'kubectl drain -h' for help and examples\n"],
    ["drain x -l a=b", "error: cannot specify both a node name and a --selector option\nSee 'kubectl drain -h' for help and examples\n"],
    ["uncordon nobody", 'Error from server (NotFound): nodes "nobody" not found\n'],
    ["cordon kind-worker --dry-run=client", "node/kind-worker cordoned (dry run)\n"],
    ["cordon kind-worker --dry-run=maybe", 'error: Invalid dry-run value (maybe). Must be "none", "server", or "client".\n'],
  ])("%s", (command, words) => {
    expect(said(command)).toBe(words);
  });
});

describe("drain", () => {
  test("refuses what would be lost, every reason at once, and leaves the node cordoned", () => {
    const { cluster, k } = shell();
    cluster.kubectl("create -f -", "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: a, image: x}]}}}\n");
    cluster.settle();
    const agent = cluster.objects("Pod").find((pod) => pod.metadata.labels?.["a"] === "b" && pod.spec.nodeName === "kind-worker")!.metadata.name;
    const reasons = [
      `cannot delete DaemonSet-managed Pods (use --ignore-daemonsets to ignore): default/${agent}`,
      "cannot delete cannot delete Pods that declare no controller (use --force to override): default/bare",
      "cannot delete Pods with local storage (use --delete-emptydir-data to override): default/db-0",
    ];
    expect(k("drain kind-worker")).toBe(
      `node/kind-worker cordoned\nerror: unable to drain node "kind-worker" due to error: [${reasons.join(", ")}], continuing command...\nThere are pending nodes to be drained:\n kind-worker\n${reasons.map((each) => `${each}\n`).join("")}`,
    );
    expect(k("drain kind-worker --ignore-daemonsets --force")).toBe(
      `node/kind-worker already cordoned\nerror: unable to drain node "kind-worker" due to error: ${reasons[2]}, continuing command...\nThere are pending nodes to be drained:\n kind-worker\n${reasons[2]}\n`,
    );
    expect(cluster.get("Pod", "default", "bare")).toBeDefined();
    const done = k("drain kind-worker --ignore-daemonsets --force --delete-emptydir-data");
    expect(done).toMatch(/^node\/kind-worker already cordoned\nWarning: ignoring DaemonSet-managed Pods: default\/agent-\w+; deleting Pods that declare no controller: default\/bare\n/);
    expect(done).toContain("evicting pod default/bare\n");
    expect(done).toContain("pod/db-0 evicted\n");
    expect(done).toMatch(/node\/kind-worker drained\n$/);
    expect(cluster.objects("Pod").filter((pod) => pod.spec.nodeName === "kind-worker" && pod.metadata.labels?.["a"] === undefined && pod.metadata.name !== "db-0")).toEqual([]);
    expect(cluster.objects("Pod").filter((pod) => pod.metadata.labels?.["app"] === "web").map((pod) => pod.spec.nodeName)).toEqual(["kind-worker2", "kind-worker2"]);
  });

  test("waits for the pods' graceful end", () => {
    const { cluster, k } = shell();
    expect(k("drain kind-worker2 --dry-run=client --force")).toMatch(/^node\/kind-worker2 cordoned \(dry run\)\nevicting pod default\/web-\S+ \(dry run\)\n/);
    expect(cluster.get("Node", "", "kind-worker2")?.spec?.unschedulable).toBeUndefined();
    cluster.apply("apiVersion: v1\nkind: Pod\nmetadata: {name: slow}\nspec: {nodeName: kind-worker2, containers: [{name: slow, image: busybox, command: [sleep, '3600']}]}\n");
    cluster.settle();
    const before = cluster.now;
    k("drain kind-worker2 --force --ignore-daemonsets");
    expect(cluster.now - before).toBeGreaterThanOrEqual(30 * SECOND);
  });

  test("gives up at its timeout", () => {
    const { cluster, k } = shell();
    cluster.apply("apiVersion: v1\nkind: Pod\nmetadata: {name: slow}\nspec: {nodeName: kind-worker2, containers: [{name: slow, image: busybox, command: [sleep, '3600']}]}\n");
    cluster.settle();
    const text = k("drain kind-worker2 --force --timeout=5s");
    expect(text).toContain('There are pending pods in node "kind-worker2" when an error occurred: error when waiting for pod "slow" in namespace "default" to terminate: global timeout reached: 5s\npod/slow\n');
    expect(text).toContain("There are pending nodes to be drained:\n kind-worker2\n");
  });
});

describe("taint", () => {
  test("drives away who does not bear it, at once or when patience ends", () => {
    const { cluster, k } = shell();
    cluster.apply(
      "apiVersion: v1\nkind: Pod\nmetadata: {name: patient}\nspec: {nodeName: kind-worker, tolerations: [{key: dedicated, operator: Exists, effect: NoExecute, tolerationSeconds: 20}], containers: [{name: c, image: x}]}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: stoic}\nspec: {nodeName: kind-worker, tolerations: [{operator: Exists}], containers: [{name: c, image: x}]}\n",
    );
    cluster.settle();
    const began = cluster.now;
    expect(cluster.kubectl("taint nodes kind-worker dedicated=gpu:NoExecute").text).toBe("node/kind-worker tainted\n");
    cluster.run(5 * SECOND);
    expect(cluster.get("Pod", "default", "bare")).toBeUndefined();
    expect(cluster.control.events.map(({ reason, message }) => `${reason} ${message}`)).toContain("TaintManagerEviction Marking for deletion Pod default/bare");
    expect(cluster.get("Pod", "default", "patient")).toBeDefined();
    cluster.runTo(began + 22 * SECOND);
    expect(cluster.get("Pod", "default", "patient")).toBeUndefined();
    expect(cluster.get("Pod", "default", "stoic")).toBeDefined();
    expect(k("describe node kind-worker")).toContain("Taints:             dedicated=gpu:NoExecute\n");
  });

  test("overwrites, adds and removes", () => {
    const { k } = shell();
    expect(k("taint node kind-worker a=b:NoSchedule c:PreferNoSchedule")).toBe("node/kind-worker tainted\n");
    expect(k("taint node kind-worker a=x:NoSchedule")).toBe("error: node kind-worker already has a taint(s) with same effect(s) and --overwrite is false\n");
    expect(k("taint node kind-worker a=x:NoSchedule --overwrite")).toBe("node/kind-worker modified\n");
    expect(k("get node kind-worker -o jsonpath={.spec.taints}")).toBe('[{"effect":"NoSchedule","key":"a","value":"x"},{"effect":"PreferNoSchedule","key":"c"}]');
    expect(k("taint node kind-worker c-")).toBe("node/kind-worker untainted\n");
    expect(k("taint node kind-worker c:NoSchedule-")).toBe('error: taint "c:NoSchedule" not found\n');
    expect(k("taint node --all a:NoSchedule-")).toContain("node/kind-worker untainted\n");
  });

  test.each([
    ["taint node kind-worker a=b", "error: invalid taint spec: a=b, name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')\nSee 'kubectl taint -h' for help and examples\n"],
    ["taint node kind-worker a=b:Never", "error: invalid taint effect: Never, unsupported taint effect\nSee 'kubectl taint -h' for help and examples\n"],
    ["taint node kind-worker a=b:NoSchedule a:NoSchedule-", "error: can not both modify and remove the following taint(s) in the same command: a=NoSchedule\n"],
    ["taint node kind-worker", "error: at least one taint update is required\n"],
    ["taint pods bare a=b:NoSchedule", "error: invalid resource type pods, only node types are supported\n"],
    ["taint nodes a=b:NoSchedule", "error: at least one resource name must be specified since 'all' parameter is not set\n"],
  ])("%s", (command, words) => {
    expect(said(command)).toBe(words);
  });
});

describe("label and annotate", () => {
  test("add, change and take away", () => {
    const { cluster, k } = shell();
    expect(k("label pod bare tier=front app=web")).toBe("pod/bare labeled\n");
    expect(k("label pod bare tier=back")).toBe("error: 'tier' already has a value (front), and --overwrite is false\n");
    expect(k("label pod bare tier=x app=y")).toBe("'tier' already has a value (front), and --overwrite is false\n'app' already has a value (web), and --overwrite is false\n");
    expect(k("label --overwrite pod bare tier=back")).toBe("pod/bare labeled\n");
    expect(k("label --overwrite pod/bare tier=back")).toBe("pod/bare not labeled\n");
    expect(k("label pod bare tier-")).toBe("pod/bare unlabeled\n");
    expect(k("label pod bare tier-")).toBe('label "tier" not found.\npod/bare not labeled\n');
    expect(cluster.get("Pod", "default", "bare")?.metadata.labels).toEqual({ app: "web" });
    expect(k("label pods --list bare")).toBe("app=web\n");
    expect(k("label deploy,sts --all team=a")).toBe("deployment.apps/web labeled\nstatefulset.apps/db labeled\n");
    expect(k("annotate deploy web note='two words'")).toBe("deployment.apps/web annotated\n");
    expect(k("annotate deploy web note=x")).toBe("error: --overwrite is false but found the following declared annotation(s): 'note' already has a value (two words)\n");
    expect(k("annotate deploy web note-")).toBe("deployment.apps/web annotated\n");
    expect(cluster.get("Deployment", "default", "web")?.metadata.annotations).not.toHaveProperty("note");
  });

  test("a label moves a pod in and out of a Service, and an apply that does not know it leaves it", () => {
    const { cluster, k } = shell();
    k("expose deployment web --port=80 --target-port=8080");
    const backends = (): number => (cluster.objects("EndpointSlice").find((slice) => slice.metadata.labels?.["kubernetes.io/service-name"] === "web")?.endpoints ?? []).length;
    expect(backends()).toBe(2);
    k("label pod bare app=web");
    expect(backends()).toBe(3);
    cluster.apply(WEB);
    cluster.settle();
    expect(backends()).toBe(3);
    k("label pod bare app-");
    expect(backends()).toBe(2);
  });

  test.each([
    ["label pod bare", "error: at least one label update is required\n"],
    ["label a=b", "error: one or more resources must be specified as <resource> <name> or <resource>/<name>\n"],
    ["label pods a=b", "error: resource(s) were provided, but no name was specified\n"],
    ["label pod bare a=b a-", "error: can not both modify and remove a label in the same command\n"],
    ["label pod bare a=b=c", "error: invalid label spec: a=b=c\n"],
    ["label pod bare a=b bare", "error: all resources must be specified before label changes: bare\n"],
    ["label pods --all -l x=y a=b", "error: cannot set --all and --selector at the same time\n"],
    ["annotate pod bare a=b a-", "error: can not both modify and remove the following annotation(s) in the same command: a\n"],
    ["annotate pod nosuch a=b", 'Error from server (NotFound): pods "nosuch" not found\n'],
    ["label pod bare a=-", 'error: invalid label value: "a=-": a valid label must be an empty string or consist of alphanumeric characters, \'-\', \'_\' or \'.\', and must start and end with an alphanumeric character (e.g. \'MyValue\',  or \'my_value\',  or \'12345\', regex used for validation is \'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\')\n'],
  ])("%s", (command, words) => {
    expect(said(command)).toBe(words);
  });
});

describe("expose", () => {
  test("makes a Service of selector, ports and labels", () => {
    const { cluster, k } = shell();
    expect(k("expose deployment web --type=NodePort --name=front")).toBe("service/front exposed\n");
    expect(cluster.get("Service", "default", "front")).toMatchObject({ metadata: { labels: { app: "web" } }, spec: { type: "NodePort", selector: { app: "web" }, ports: [{ port: 8080, protocol: "TCP", targetPort: 8080 }] } });
    expect(k("expose svc front --port=53 --target-port=dns --protocol=UDP --name=second --cluster-ip=None")).toBe("service/second exposed\n");
    expect(cluster.get("Service", "default", "second")?.spec).toMatchObject({ clusterIP: "None", selector: { app: "web" }, ports: [{ port: 53, protocol: "UDP", targetPort: "dns" }] });
    expect(k("expose deploy/web --port=80")).toBe("service/web exposed\n");
    expect(k("expose deploy/web --port=80")).toBe('Error from server (AlreadyExists): services "web" already exists\n');
  });

  test.each([
    ["expose pod bare --port=80", "error: couldn't retrieve selectors via --selector flag or introspection: the pod has no labels and cannot be exposed\n"],
    ["expose sts db --port=80", "error: cannot expose a StatefulSet.apps\n"],
    ["expose deploy web --name=x --port=80 --session-affinity=Mine", "error: unknown session affinity: Mine\n"],
    ["expose pod bare --selector=a=b", "error: couldn't find port via --port flag or introspection\n"],
  ])("%s", (command, words) => {
    expect(said(command)).toBe(words);
  });
});

describe("rollout", () => {
  test("history, undo, and the causes of changes", () => {
    const { cluster, k } = shell();
    k("annotate deploy/web kubernetes.io/change-cause='the first'");
    expect(k("set image deploy/web nginx=nginx:1.26")).toBe("deployment.apps/web image updated\n");
    k("annotate deploy/web kubernetes.io/change-cause='the second'");
    expect(k("rollout history deployment/web")).toBe("deployment.apps/web \nREVISION  CHANGE-CAUSE\n1         the first\n2         the second\n\n");
    const hash = cluster.objects("ReplicaSet").find((set) => set.metadata.annotations?.["deployment.kubernetes.io/revision"] === "1")!.metadata.labels!["pod-template-hash"];
    expect(k("rollout history deployment/web --revision=1")).toBe(
      `deployment.apps/web with revision #1\nPod Template:\n  Labels:\tapp=web\n\tpod-template-hash=${hash}\n  Annotations:\tkubernetes.io/change-cause: the first\n  Containers:\n   nginx:\n    Image:\tnginx:1.25\n    Port:\t8080/TCP\n    Host Port:\t0/TCP\n    Environment:\t<none>\n    Mounts:\t<none>\n  Volumes:\t<none>\n  Node-Selectors:\t<none>\n  Tolerations:\t<none>\n\n`,
    );
    expect(k("rollout history deployment/web --revision=9")).toBe("error: unable to find the specified revision\n");
    expect(k("rollout undo deployment/web")).toBe("deployment.apps/web rolled back\n");
    expect(cluster.get("Deployment", "default", "web")?.spec.template.spec.containers[0]?.image).toBe("nginx:1.25");
    expect(k("rollout history deployment/web")).toBe("deployment.apps/web \nREVISION  CHANGE-CAUSE\n2         the second\n3         the first\n\n");
    expect(k("rollout undo deployment/web --to-revision=3")).toBe("deployment.apps/web skipped rollback (current template already matches revision 3)\n");
    expect(k("rollout undo deployment/web --to-revision=7")).toBe("error: unable to find specified revision 7 in history\n");
    expect(k("rollout undo deployment/web --to-revision=2 --dry-run=server")).toBe("deployment.apps/web rolled back (server dry run)\n");
    expect(cluster.get("Deployment", "default", "web")?.spec.template.spec.containers[0]?.image).toBe("nginx:1.25");
  });

  test("restart, pause and resume", () => {
    const { cluster, k } = shell();
    const names = (): readonly string[] => cluster.objects("Pod").filter((pod) => pod.metadata.labels?.["app"] === "web").map((pod) => pod.metadata.name);
    const before = names();
    expect(k("rollout restart deployment web")).toBe("deployment.apps/web restarted\n");
    expect(names().some((name) => before.includes(name))).toBe(false);
    expect(cluster.get("Deployment", "default", "web")?.spec.template.metadata?.annotations?.["kubectl.kubernetes.io/restartedAt"]).toMatch(/^2026-01-01T00:00:\d\dZ$/);
    expect(k("rollout pause deployment/web")).toBe("deployment.apps/web paused\n");
    expect(k("rollout pause deployment/web")).toBe('error: deployments.apps "web" is already paused\n');
    expect(k("rollout restart deployment/web")).toBe("error: deployments.apps \"web\" can't restart paused deployment (run rollout resume first)\n");
    expect(k("rollout undo deployment/web")).toBe("error: you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume deployment/web' and try again\n");
    const paused = names();
    k("set image deploy/web nginx=nginx:1.27");
    expect(names()).toEqual(paused);
    expect(k("rollout resume deployment/web")).toBe("deployment.apps/web resumed\n");
    expect(names()).not.toEqual(paused);
    expect(k("rollout resume deployment/web")).toBe('error: deployments.apps "web" is not paused\n');
    expect(k("rollout pause sts/db")).toBe('error: statefulsets.apps "db" pausing is not supported\n');
    expect(k("rollout restart pod/bare")).toBe('error: pods "bare" restarting is not supported\n');
    expect(k("rollout restart sts/db")).toBe("statefulset.apps/db restarted\n");
    expect(k("rollout history sts/db")).toBe("statefulset.apps/db \nREVISION\n1\n2\n\n");
    expect(k("rollout undo sts/db")).toBe("statefulset.apps/db rolled back\n");
    expect(k("rollout history sts/db")).toBe("statefulset.apps/db \nREVISION\n2\n3\n\n");
  });

  test.each([
    ["rollout undo deploy/web", 'error: no rollout history found for deployment "web"\n'],
    ["rollout undo sts/db", "error: no last revision to roll back to\n"],
    ["rollout undo", "error: required resource not specified\n"],
    ["rollout history pod/bare", 'error: no history viewer has been implemented for "Pod"\n'],
    ["rollout undo rs/x", 'Error from server (NotFound): replicasets.apps "x" not found\n'],
    ["rollout history deploy/web --revision=-1", "error: revision must be a positive integer: -1\n"],
  ])("%s", (command, words) => {
    expect(said(command)).toBe(words);
  });
});

describe("patch, set image, scale", () => {
  test("a strategic merge knows containers by name, a merge replaces lists", () => {
    const { cluster, k } = shell();
    expect(k(`patch deploy web -p '{"spec":{"template":{"spec":{"containers":[{"name":"nginx","image":"nginx:1.27"},{"name":"side","image":"x"}]}}}}'`)).toBe("deployment.apps/web patched\n");
    expect(cluster.get("Deployment", "default", "web")?.spec.template.spec.containers.map(({ name, image, ports }) => [name, image, (ports ?? []).length])).toEqual(expect.arrayContaining([["nginx", "nginx:1.27", 1], ["side", "x", 0]]));
    expect(k(`patch deploy web --type=merge -p '{"spec":{"template":{"spec":{"containers":[{"name":"only","image":"y"}]}}}}'`)).toBe("deployment.apps/web patched\n");
    expect(cluster.get("Deployment", "default", "web")?.spec.template.spec.containers.map(({ name }) => name)).toEqual(["only"]);
    expect(k(`patch deploy web -p '{"spec":{"replicas":2}}'`)).toBe("deployment.apps/web patched (no change)\n");
    expect(k(`patch deploy web -p '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}'`)).toContain('The Deployment "web" is invalid: ');
    expect(k("patch deploy web")).toBe("error: must specify --patch or --patch-file containing the contents of the patch\n");
  });

  test("an image by its container, or of all", () => {
    const { cluster, k } = shell();
    expect(k("set image deploy/web nosuch=x")).toBe('error: unable to find container named "nosuch"\n');
    expect(k("set image deploy/web *=nginx:9")).toBe("deployment.apps/web image updated\n");
    expect(k("set image deploy/web nginx=nginx:9")).toBe("");
    expect(cluster.get("Deployment", "default", "web")?.spec.template.spec.containers[0]?.image).toBe("nginx:9");
    expect(k("set image pod/bare bare=busybox:2")).toBe("pod/bare image updated\n");
  });

  test("a scale stays through an apply that names no replicas", () => {
    const { cluster, k } = shell();
    const text = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: free}\nspec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x}]}}}\n";
    cluster.apply(text);
    cluster.settle();
    k("scale deploy free --replicas=3");
    cluster.apply(text);
    cluster.settle();
    expect(cluster.get("Deployment", "default", "free")?.spec.replicas).toBe(3);
  });
});

describe("create and wait", () => {
  test("what its generators make", () => {
    const { cluster, k } = shell();
    expect(k("create namespace shop")).toBe("namespace/shop created\n");
    expect(k("create ns shop")).toBe('error: failed to create namespace: namespaces "shop" already exists\n');
    expect(k("create deployment api --image=registry.example/team/api:1 --replicas=2 --port=8080 -n shop")).toBe("deployment.apps/api created\n");
    expect(cluster.get("Deployment", "shop", "api")).toMatchObject({ metadata: { labels: { app: "api" } }, spec: { replicas: 2, template: { spec: { containers: [{ name: "api", image: "registry.example/team/api:1", ports: [{ containerPort: 8080 }] }] } } } });
    expect(k("create service nodeport api --tcp=80:8080 --node-port=30080 -n shop")).toBe("service/api created\n");
    expect(cluster.get("Service", "shop", "api")?.spec).toMatchObject({ type: "NodePort", selector: { app: "api" }, ports: [{ name: "80-8080", port: 80, targetPort: 8080, nodePort: 30080 }] });
    expect(k("create configmap cfg --from-literal=a=b")).toBe("configmap/cfg created\n");
    expect(k("create job once --image=busybox -- true")).toBe("job.batch/once created\n");
    expect(cluster.get("Job", "default", "once")?.status?.succeeded).toBe(1);
    expect(k("create deployment x")).toBe('error: required flag(s) "image" not set\n');
    expect(k("create deployment x --image=y --dry-run=client")).toBe("deployment.apps/x created (dry run)\n");
    expect(k("create service clusterip x")).toBe("error: at least one tcp port specifier must be provided\n");
  });

  test("a condition, an end, a value, and the time that is given", () => {
    const { cluster } = shell();
    cluster.kubectl("create deployment api --image=x");
    expect(cluster.kubectl("wait --for=condition=Available deployment/api").text).toBe("deployment.apps/api condition met\n");
    expect(cluster.kubectl("wait --for=jsonpath='{.status.readyReplicas}'=1 deployment/api").text).toBe("deployment.apps/api condition met\n");
    cluster.kubectl("delete pod bare --wait=false");
    expect(cluster.kubectl("wait --for=delete pod/bare").text).toBe("pod/bare condition met\n");
    expect(cluster.kubectl("wait --for=condition=Complete deployment/api --timeout=2s")).toMatchObject({ code: 1, text: "error: timed out waiting for the condition on deployments.apps/api\n" });
    expect(cluster.kubectl("wait --for=soon pod/x").text).toBe('error: unrecognized condition: "soon"\n');
  });
});

describe("what stands in the log is what happens again", () => {
  test("a cluster that goes back and forth is the same", () => {
    const cluster = booted.fork();
    const began = cluster.now;
    for (const command of ["label pod bare a=b", "cordon kind-worker", "set image deploy/web *=x:2", "rollout restart sts/db", "taint node kind-worker2 k=v:PreferNoSchedule"]) {
      cluster.kubectl(command);
      cluster.run(5 * SECOND);
    }
    const [end, fingerprint] = [cluster.now, cluster.fingerprint()];
    const log = [...cluster.timeline.log];
    cluster.timeline.goTo(began + 7 * SECOND);
    expect(cluster.get("Pod", "default", "bare")?.metadata.labels).toEqual({ a: "b" });
    const again = booted.fork();
    for (const command of log) {
      again.runTo(command.time);
      again.replay(command);
    }
    again.runTo(end);
    expect(again.fingerprint()).toBe(fingerprint);
  });
});

describe("help and information", () => {
  test.each([
    ["drain --help", "Drain node in preparation for maintenance.\n"],
    ["rollout undo -h", "Undo a previous rollout.\n"],
    ["help label", "Update the labels on a resource.\n"],
    ["--help", "kubectl controls the Kubernetes cluster manager.\n"],
    ["", "kubectl controls the Kubernetes cluster manager.\n"],
  ])("%s", (command, words) => {
    const { text, code } = booted.fork().kubectl(command);
    expect(text.startsWith(words)).toBe(true);
    expect(text).toContain("Usage:\n  kubectl ");
    expect(code).toBe(0);
  });

  test("where the cluster is, and of what it knows", () => {
    expect(said("cluster-info").split("\n")[0]).toBe("Kubernetes control plane is running at https://172.18.0.2:6443");
    expect(said("config current-context")).toBe("kind-kind\n");
    expect(said("api-resources").split("\n")[0]).toMatch(/^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND$/);
    expect(said("api-resources --namespaced=false -o name")).toContain("nodes\n");
  });
});

describe("recorded answers", () => {
  const recorded = readFileSync(fileURLToPath(new URL("./recorded/made.txt", import.meta.url)), "utf8");
  const answers = recorded.split(/^\$ kubectl /m).slice(1).map((each): readonly [string, string, number] => {
    const [, command = "", text = "", code = ""] = /^([^\n]*)\n(.*)=(\d)\n$/s.exec(each) ?? [];
    return [command, text, Number(code)];
  });

  test("there are answers", () => {
    expect(answers.length).toBeGreaterThan(90);
  });

  test.each(answers)("%s", (command, text, code) => {
    const out = booted.fork().kubectl(command);
    expect({ text: out.text === "" || out.text.endsWith("\n") ? out.text : `${out.text}\n`, code: out.code }).toEqual({ text, code });
  });
});

describe("patch --type=json", () => {
  // RFC 6902, sections 4.1 to 4.6; RFC 6901, section 4
  test("applies operations in order", () => {
    const { cluster, k, code } = shell();
    const patch = (operations: object): string => `patch deploy web --type=json -p '${JSON.stringify(operations)}'`;
    expect(k(patch([{ op: "replace", path: "/spec/replicas", value: 3 }, { op: "add", path: "/metadata/labels/x~1y", value: "z" }]))).toBe("deployment.apps/web patched\n");
    expect(cluster.get("Deployment", "default", "web")).toMatchObject({ spec: { replicas: 3 }, metadata: { labels: { app: "web", "x/y": "z" } } });
    k(patch([{ op: "test", path: "/spec/replicas", value: 3 }, { op: "move", from: "/metadata/labels/x~1y", path: "/metadata/labels/w" }, { op: "copy", from: "/metadata/labels/w", path: "/metadata/labels/v" }]));
    expect(cluster.get("Deployment", "default", "web")?.metadata.labels).toEqual({ app: "web", w: "z", v: "z" });
    k(patch([{ op: "add", path: "/spec/template/spec/containers/-", value: { name: "side", image: "side:1" } }, { op: "remove", path: "/metadata/labels/w" }]));
    expect(cluster.get("Deployment", "default", "web")?.spec.template.spec.containers.map(({ name }) => name)).toEqual(["nginx", "side"]);
    expect(cluster.get("Deployment", "default", "web")?.metadata.labels).toEqual({ app: "web", v: "z" });
    for (const refused of [[{ op: "remove", path: "/metadata/labels/w" }], [{ op: "test", path: "/spec/replicas", value: 9 }], [{ op: "replace", path: "/spec/none/x", value: 1 }]]) {
      expect(k(patch(refused))).toBe("The request is invalid: the server rejected our request due to an error in our request\n");
      expect(code(patch(refused))).toBe(1);
    }
  });
});
