/** Containers that come to an end, and what becomes of their pods. Expected values: kubelet_pods.go getPhase, kuberuntime_manager.go computePodActions and doBackOff, status/generate.go. */
import { describe, expect, test } from "vitest";
import { SECOND } from "../../src/base/time.js";
import type { ContainerStatus, Pod } from "../../src/api/index.js";
import { apply, settle, type World, world } from "./build.js";

interface Wish {
  readonly policy?: string;
  /** of each container, by its name */
  readonly commands?: Readonly<Record<string, readonly string[]>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly more?: string;
}

function pod(name: string, { policy = "Always", commands = { main: [] }, annotations = {}, more = "" }: Wish): string {
  const containers = Object.entries(commands).map(([container, command]) => `  - {name: ${container}, image: "busybox:1.36"${command.length === 0 ? "" : `, command: ${JSON.stringify(command)}`}${more}}`);
  return `apiVersion: v1
kind: Pod
metadata: {name: ${name}, namespace: default, annotations: ${JSON.stringify(annotations)}}
spec:
  restartPolicy: ${policy}
  containers:
${containers.join("\n")}
`;
}

const of = (made: World, name: string): Pod => made.plane.get("Pod", "default", name)!;
const statuses = (made: World, name: string): readonly ContainerStatus[] => of(made, name).status!.containerStatuses!;
const reasonOf = (made: World, name: string, type: string): string | undefined => of(made, name).status?.conditions?.find((each) => each.type === type)?.reason;
const messages = (made: World, reason: string): readonly string[] => made.plane.events.filter((event) => event.reason === reason).map((event) => event.message ?? "");

function ran(wish: Wish, seconds: number): World {
  const made = world();
  apply(made, pod("web", wish));
  settle(made);
  made.engine.run(made.engine.now + seconds * SECOND);
  return made;
}

describe("a container that ends", () => {
  test("well, and never restarts: its pod has succeeded, without a namespace, with its address", () => {
    const made = ran({ policy: "Never", commands: { main: ["sleep", "5"] } }, 10);
    expect(of(made, "web").status?.phase).toBe("Succeeded");
    expect(reasonOf(made, "web", "Ready")).toBe("PodCompleted");
    expect(statuses(made, "web")[0]).toMatchObject({ ready: false, restartCount: 0, state: { terminated: { exitCode: 0, reason: "Completed" } } });
    expect(made.plane.podNetns("default/web")).toBe(0);
    expect(of(made, "web").status?.podIP).toMatch(/^10\.244\./);
  });

  test("badly, and never restarts: its pod has failed, its sandbox is gone", () => {
    const made = ran({ policy: "Never", commands: { main: ["sh", "-c", "sleep 2; exit 3"] } }, 10);
    expect(of(made, "web").status?.phase).toBe("Failed");
    expect(reasonOf(made, "web", "Ready")).toBe("PodFailed");
    expect(reasonOf(made, "web", "ContainersReady")).toBe("PodFailed");
    const [status] = statuses(made, "web");
    expect(status).toMatchObject({ restartCount: 0, started: false, state: { terminated: { exitCode: 3, reason: "Error" } } });
    const { startedAt = "", finishedAt = "" } = status!.state!.terminated!;
    expect(Date.parse(finishedAt) - Date.parse(startedAt)).toBe(2000);
  });

  test("beside one that goes on: the pod runs, and is not ready", () => {
    const made = ran({ policy: "Never", commands: { main: ["sleep", "3"], other: [] } }, 10);
    expect(of(made, "web").status?.phase).toBe("Running");
    expect(reasonOf(made, "web", "Ready")).toBe("ContainersNotReady");
    expect(statuses(made, "web").map(({ state }) => Object.keys(state ?? {}))).toEqual([["terminated"], ["running"]]);
  });

  test("one of two badly: the pod has failed when both are over", () => {
    const made = ran({ policy: "Never", commands: { main: ["sh", "-c", "sleep 3 && exit 1"], other: ["sleep", "20"] } }, 10);
    expect(of(made, "web").status?.phase).toBe("Running");
    made.engine.run(made.engine.now + 15 * SECOND);
    expect(of(made, "web").status?.phase).toBe("Failed");
    expect(statuses(made, "web").map(({ state }) => state?.terminated?.exitCode)).toEqual([1, 0]);
  });

  test("badly, and restarts on failure: at once, then after ten seconds, twenty ..., until it ends well", () => {
    const made = ran({ policy: "OnFailure", commands: { main: ["sh", "-c", "sleep 1; false"] } }, 2);
    expect(of(made, "web").status?.phase).toBe("Running");
    expect(statuses(made, "web")[0]).toMatchObject({ restartCount: 1, lastState: { terminated: { exitCode: 1, reason: "Error" } } });
    made.engine.run(made.engine.now + 3 * SECOND);
    expect(statuses(made, "web")[0]?.state?.waiting).toEqual({ reason: "CrashLoopBackOff", message: `back-off 10s restarting failed container=main pod=web_default(${of(made, "web").metadata.uid})` });
    expect(of(made, "web").status?.phase).toBe("Running");
    made.engine.run(made.engine.now + 12 * SECOND);
    expect(statuses(made, "web")[0]).toMatchObject({ restartCount: 2 });
    expect(statuses(made, "web")[0]?.state?.waiting?.message).toMatch(/^back-off 20s /);
  });

  test("well, and restarts on failure alone: its pod has succeeded", () => {
    const made = ran({ policy: "OnFailure", commands: { main: ["true"] } }, 3);
    expect(of(made, "web").status?.phase).toBe("Succeeded");
    expect(statuses(made, "web")[0]).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 0, reason: "Completed" } } });
  });

  test("well, and always restarts: an hour of sleep is one restart", () => {
    const made = ran({ commands: { main: ["sleep", "3600"] } }, 3700);
    expect(of(made, "web").status?.phase).toBe("Running");
    expect(statuses(made, "web")[0]).toMatchObject({ ready: true, restartCount: 1, lastState: { terminated: { exitCode: 0, reason: "Completed" } } });
  });

  test("as an annotation tells, while a cluster at rest waits for nobody", () => {
    const made = world();
    apply(made, pod("web", { policy: "Never", annotations: { "podwire.dev/exit-after": "90s", "podwire.dev/exit-code": "2" } }));
    settle(made);
    expect(of(made, "web").status?.phase).toBe("Running");
    made.engine.run(made.engine.now + 100 * SECOND);
    expect(statuses(made, "web")[0]?.state?.terminated?.exitCode).toBe(2);
  });
});

describe("a container that is stopped because its liveness probe failed", () => {
  const probe = ", ports: [{containerPort: 8080}], livenessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1, failureThreshold: 1}";

  test("never restarts where the policy is Never: the pod ends as the program does", () => {
    const made = ran({ policy: "Never", annotations: { "podwire.dev/status": "500", "podwire.dev/exit-code": "143" }, more: probe }, 5);
    expect(messages(made, "Killing")).toEqual(["Container main failed liveness probe"]);
    expect(of(made, "web").status?.phase).toBe("Failed");
    expect(statuses(made, "web")[0]).toMatchObject({ restartCount: 0, state: { terminated: { exitCode: 143, reason: "Error" } } });
    const quiet = made.plane.events.length;
    made.engine.run(made.engine.now + 60 * SECOND);
    expect(made.plane.events.length).toBe(quiet);
  });

  test("a program that obeys SIGTERM ends well, and so does its pod", () => {
    expect(of(ran({ policy: "Never", annotations: { "podwire.dev/status": "500" }, more: probe }, 5), "web").status?.phase).toBe("Succeeded");
  });

  test("restarts where the policy is OnFailure, whatever its status", () => {
    const made = ran({ policy: "OnFailure", annotations: { "podwire.dev/status": "500" }, more: probe }, 2);
    expect(messages(made, "Killing")[0]).toBe("Container main failed liveness probe, will be restarted");
    expect(of(made, "web").status?.phase).toBe("Running");
    expect(statuses(made, "web")[0]!.restartCount).toBeGreaterThan(0);
  });
});

describe("the end of a pod", () => {
  const gone = (made: World): boolean => made.plane.get("Pod", "default", "web") === undefined;

  test("sleep as the first process hears no SIGTERM: it is killed after the grace period", () => {
    const made = ran({ commands: { main: ["sh", "-c", "sleep 3600"] } }, 1);
    made.plane.delete("Pod", "default", "web");
    made.engine.run(made.engine.now + 29 * SECOND);
    expect(gone(made)).toBe(false);
    made.engine.run(made.engine.now + 2 * SECOND);
    expect(gone(made)).toBe(true);
  });

  test("any other program obeys", () => {
    const made = ran({ commands: { main: ["nginx", "-g", "daemon off;"] } }, 1);
    made.plane.delete("Pod", "default", "web");
    made.engine.run(made.engine.now + 2 * SECOND);
    expect(gone(made)).toBe(true);
  });
});

describe("a Job whose pods fail", () => {
  const job = (policy: string, limit: number): string => `apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: default}
spec:
  backoffLimit: ${limit}
  template: {spec: {restartPolicy: ${policy}, containers: [{name: main, image: busybox, command: [sh, -c, "exit 1"]}]}}
`;

  test("tries again after 10 and 20 seconds, and gives up past backoffLimit", () => {
    const made = world();
    apply(made, job("Never", 2));
    settle(made);
    const pods = (): readonly Pod[] => made.plane.objects("Pod").filter((each) => each.metadata.labels?.["job-name"] === "once");
    expect(pods().map(({ status }) => status?.phase)).toEqual(["Failed"]);
    made.engine.run(made.engine.now + 9 * SECOND);
    expect(pods()).toHaveLength(1);
    made.engine.run(made.engine.now + 3 * SECOND);
    expect(pods()).toHaveLength(2);
    made.engine.run(made.engine.now + 60 * SECOND);
    expect(pods().map(({ status }) => status?.phase)).toEqual(["Failed", "Failed", "Failed"]);
    const { status } = made.plane.get("Job", "default", "once")!;
    expect(status).toMatchObject({ failed: 3, ready: 0 });
    expect(status?.conditions?.map(({ type, reason, message }) => [type, reason, message])).toEqual([
      ["FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit"],
      ["Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"],
    ]);
    expect(messages(made, "BackoffLimitExceeded")).toEqual(["Job has reached the specified backoff limit"]);
  });

  test("with OnFailure counts its pod's restarts, and ends the pod", () => {
    const made = world();
    apply(made, job("OnFailure", 1));
    settle(made);
    made.engine.run(made.engine.now + 60 * SECOND);
    expect(made.plane.objects("Pod").filter((each) => each.metadata.labels?.["job-name"] === "once")).toEqual([]);
    expect(made.plane.get("Job", "default", "once")?.status?.conditions?.map(({ type }) => type)).toEqual(["FailureTarget", "Failed"]);
  });
});
