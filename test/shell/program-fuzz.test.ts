/** Random words to the programs of pods, and random scripts to sh -c: an answer with an exit code, and an end. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createCluster } from "../../src/index.js";
import { shCommands } from "../../src/shell/sh-script.js";

const cluster = createCluster({ nodes: 1 });
cluster.apply(`
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: web, image: nginx, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: bb }
spec: { containers: [{ name: b, image: "busybox:1.36" }] }
`);
cluster.settle();
const address = /(10\.\S+)\//.exec(cluster.exec("web", "ip -4 -br addr show eth0").text)![1]!;

const KNOWN = [
  "-s", "-sS", "-v", "-o", "/dev/null", "-w", "%{http_code}\\n", "%{nope}%%", "-m", "1", "0", "x", "--connect-timeout", "-I", "-i", "-f", "-X", "POST", "-d", "a=b", "-H", "A: b", "Host: x", "-4", "-6", "-L", "--nope", "-z", "-zv", "-zvu", "-w1", "-w", "80-82", "8080", "81", "70000", "-u",
  address, `${address}:8080`, `http://${address}:8080/x?y#z`, `${address}:81`, "http://", "https://x", "ftp://x", "[::1]:80", "nope", "-qO-", "--spider", "-T", "", "ü",
];
const word = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...KNOWN) }, { weight: 1, arbitrary: fc.string({ maxLength: 10 }) });

test("no words make a program fall over or stay", { timeout: 60_000 }, () => {
  fc.assert(
    fc.property(fc.constantFrom("web", "bb"), fc.constantFrom("curl", "nc", "wget", "ping", "traceroute", "arping", "ss"), fc.array(word, { maxLength: 6 }), (pod, tool, words) => {
      const { text, code } = cluster.exec(pod, [tool, ...(tool === "ping" || tool === "arping" ? ["-c1", "-W1"] : []), ...words]);
      expect(typeof text).toBe("string");
      expect(Number.isInteger(code)).toBe(true);
    }),
    { numRuns: 150 },
  );
});

test("any script is commands, or more than is modelled", () => {
  const piece = fc.oneof(fc.string({ maxLength: 6 }), fc.constantFrom(" ", ";", "&&", "||", "|", "'", '"', "\\", "2>/dev/null", "2>&1", ">", "\n", "echo", "$x", "exit 3", "sleep 1", "("));
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 10 }), (pieces) => {
      const script = pieces.join("");
      const commands = shCommands(script);
      expect(commands === null || commands.every(({ text }) => text !== "")).toBe(true);
      expect(Number.isInteger(cluster.exec("bb", ["sh", "-c", script]).code)).toBe(true);
    }),
    { numRuns: 300 },
  );
});
