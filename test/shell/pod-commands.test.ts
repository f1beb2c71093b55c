/** Programs and tools in pods by cluster.exec and kubectl exec. Words of curl are those of curl 7.88.1, of ping and nc those of iputils, netcat-openbsd and busybox. */
import { describe, expect, test } from "vitest";
import { type Cluster, createCluster } from "../../src/index.js";

const MANIFEST = `
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: web, image: nginx, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: sick, annotations: { podwire.dev/status: "503" } }
spec: { containers: [{ name: web, image: nginx, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: bb }
spec: { containers: [{ name: b, image: "busybox:1.36", command: [sleep, "3600"] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: net }
spec: { containers: [{ name: tools, image: "nicolaka/netshoot" }] }
`;

function booted(): Cluster {
  const cluster = createCluster({ nodes: 1 });
  expect(cluster.apply(MANIFEST)).toEqual([]);
  cluster.settle();
  return cluster;
}

const cluster = booted();
const addressOf = (pod: string): string => cluster.exec(pod, "ip -4 -br addr show eth0").text.match(/ (10\.\S+)\//)![1]!;
const net = (command: string): readonly [text: string, code: number] => {
  const { text, code } = cluster.exec("net", command);
  return [text, code];
};

describe("curl", () => {
  const service = (): string => cluster.kubectl("get svc web").text.match(/ClusterIP +(\S+)/)![1]!;

  test("a body, a code, headers", () => {
    expect(net("curl web")).toEqual([expect.stringMatching(/^web 10\.\S+:\d+\n$/), 0]);
    expect(net("curl -s -o /dev/null -w '%{http_code}' web")).toEqual(["200", 0]);
    expect(net("curl -s -o /dev/null -w '%{http_code} %{remote_port} %{num_connects} %{url_effective} %{method} %{exitcode} %{scheme}\\n' web")).toEqual(["200 80 1 http://web/ GET 0 HTTP\n", 0]);
    expect(net("curl -I web")[0]).toMatch(/^HTTP\/1\.1 200 OK\nContent-Length: \d+\nConnection: close\n\n$/);
  });

  test("-v says what it does", () => {
    const ip = service();
    const [text] = net("curl -sv http://web/x");
    expect(text).toMatch(new RegExp(`^\\*   Trying ${ip}:80\\.\\.\\.\n\\* Connected to web \\(${ip}\\) port 80 \\(#0\\)\n> GET /x HTTP/1\\.1\n> Host: web\n> User-Agent: curl/7\\.88\\.1\n> Accept: \\*/\\*\n> \n< HTTP/1\\.1 200 OK\n`));
    expect(text).toMatch(/\n\* Closing connection 0\n$/);
  });

  test("what goes wrong, in its words and codes", () => {
    const web = addressOf("web");
    expect(net(`curl -s ${web}:81`)).toEqual(["", 7]);
    expect(net(`curl -sS ${web}:81`)).toEqual([`curl: (7) Failed to connect to ${web} port 81 after 0 ms: Couldn't connect to server\n`, 7]);
    expect(net(`curl -sS -w '%{http_code}' ${web}:81`)).toEqual([`curl: (7) Failed to connect to ${web} port 81 after 0 ms: Couldn't connect to server\n000`, 7]);
    expect(net("curl -sS http://nope/")).toEqual(["curl: (6) Could not resolve host: nope\n", 6]);
    expect(net("curl -sS -m x web")).toEqual(["curl: option -m: expected a proper numerical parameter\ncurl: try 'curl --help' or 'curl --manual' for more information\n", 2]);
    expect(net("curl -sS http://web:99999/")).toEqual(["curl: (3) URL using bad/illegal format or missing URL\n", 3]);
    expect(net("curl -sS foo://web/")).toEqual(['curl: (1) Protocol "foo" not supported or disabled in libcurl\n', 1]);
    expect(net(`curl -sSf ${addressOf("sick")}:8080`)).toEqual(["curl: (22) The requested URL returned error: 503\n", 22]);
    expect(net("curl")).toEqual(["curl: try 'curl --help' or 'curl --manual' for more information\n", 2]);
    expect(net("curl -k https://web")).toEqual(["curl -k: not modelled\n", 2]);
  });

  test("time-outs", () => {
    cluster.exec("web", "iptables -A INPUT -p tcp --dport 8080 -j DROP");
    expect(net("curl -sS -m 1 web")).toEqual(["curl: (28) Connection timed out after 1000 milliseconds\n", 28]);
    expect(net("curl -sS --connect-timeout 1 web")).toEqual(["curl: (28) Failed to connect to web port 80 after 1000 ms: Timeout was reached\n", 28]);
    cluster.exec("web", "iptables -F INPUT");
    expect(net("curl -s -o /dev/null -w %{http_code} web")).toEqual(["200", 0]);
  });
});

describe("nc", () => {
  test("of netcat-openbsd", () => {
    const web = addressOf("web");
    expect(net("nc -zv web 80")).toEqual([expect.stringMatching(/^Connection to web \(10\.96\.\S+\) 80 port \[tcp\/http\] succeeded!\n$/), 0]);
    expect(net(`nc -zv ${web} 8081`)).toEqual([`nc: connect to ${web} port 8081 (tcp) failed: Connection refused\n`, 1]);
    expect(net(`nc -z ${web} 8080`)).toEqual(["", 0]);
  });

  test("of busybox", () => {
    const web = addressOf("web");
    expect(cluster.exec("bb", `nc -zv ${web} 8080`)).toEqual({ text: `${web} (${web}:8080) open\n`, code: 0 });
    expect(cluster.exec("bb", `nc -zv ${web} 8081`)).toEqual({ text: `nc: ${web} (${web}:8081): Connection refused\n`, code: 1 });
  });
});

describe("names", () => {
  test("ping asks the cluster's DNS for the address, and for the name of who answers", () => {
    const web = addressOf("web");
    const dashed = web.replaceAll(".", "-");
    expect(net(`ping -c 1 ${dashed}.default.pod.cluster.local`)[0]).toContain(`64 bytes from ${dashed}.web.default.svc.cluster.local (${web}): icmp_seq=1 ttl=64 time=`);
    expect(net("ping -c 1 nope")).toEqual(["ping: nope: Name or service not known", 2]);
  });

  test("busybox's ping has its own words", () => {
    const web = addressOf("web");
    expect(cluster.exec("bb", `ping -c 1 ${web}`).text).toMatch(new RegExp(`^PING ${web} \\(${web}\\): 56 data bytes\n64 bytes from ${web}: seq=0 ttl=64 time=\\d+\\.\\d{3} ms\n\n--- ${web} ping statistics ---\n1 packets transmitted, 1 packets received, 0% packet loss\nround-trip min/avg/max = `));
    expect(cluster.exec("bb", "ping -c 1 nope")).toEqual({ text: "ping: bad address 'nope'", code: 1 });
  });
});

describe("sh -c", () => {
  test("commands in a row", () => {
    expect(cluster.exec("bb", ["sh", "-c", "echo a; false || echo b && echo c"])).toEqual({ text: "a\nb\nc\n", code: 0 });
    expect(cluster.exec("bb", ["/bin/sh", "-c", "exit 3"]).code).toBe(3);
    expect(cluster.exec("bb", ["sh", "-c", "wget -qO- web 2>/dev/null"]).text).toMatch(/^web 10\./);
    expect(cluster.exec("bb", ["sh", "-c", "echo a | wc"]).notModelled).toBe(true);
  });

  test("kubectl exec reaches the same", () => {
    expect(cluster.kubectl("exec net -- curl -s web").text).toMatch(/^web 10\./);
    expect(cluster.kubectl(["exec", "bb", "--", "sh", "-c", "cat /etc/resolv.conf"]).text).toContain("nameserver 10.96.0.10");
  });
});
