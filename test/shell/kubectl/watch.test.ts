/** `get --watch` on a cluster: a line for every change, in virtual time. */
import { expect, test } from "vitest";
import { createCluster } from "../../../src/index.js";

const DEPLOYMENT = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 1
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: nginx }] }
`;

test("pods of a rollout come, run and are told of", () => {
  const cluster = createCluster({ nodes: 1 });
  cluster.apply(DEPLOYMENT);
  cluster.settle();
  expect(cluster.kubectl("scale deploy web --replicas=2").code).toBe(0);
  const before = cluster.now;
  const { text, code } = cluster.kubectl("get pods -w --request-timeout=20s");
  expect(code).toBe(0);
  expect(cluster.now).toBeGreaterThan(before);
  const [head = "", ...lines] = text.trimEnd().split("\n");
  expect(head).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE$/);
  const words = lines.map((line) => line.split(/ {2,}/));
  const fresh = words.filter(([name]) => name !== words[0]![0]);
  expect(fresh.map(([, ready, status]) => `${ready} ${status}`)).toEqual([
    "0/1 Pending",
    "0/1 Pending",
    "0/1 ContainerCreating",
    "1/1 Running",
  ]);
  const column = head.indexOf("READY");
  for (const line of lines) expect(line[column]).toMatch(/[01]/);
});

test("exec by a workload's name, and in what does not run", () => {
  const cluster = createCluster({ nodes: 1 });
  cluster.apply(
    `${DEPLOYMENT}---\napiVersion: v1\nkind: Pod\nmetadata: { name: far }\nspec: { nodeSelector: { no: where }, containers: [{ name: c, image: busybox }] }\n`,
  );
  cluster.settle();
  expect(cluster.kubectl("exec deploy/web -- ip -br addr show lo").text).toMatch(/^lo +UNKNOWN/);
  expect(cluster.kubectl("exec far -- ls")).toEqual({
    text: "Error from server (BadRequest): pod far does not have a host assigned\n",
    code: 1,
  });
});
