import { beforeEach, describe, expect, test } from "vitest";
import { Shell } from "../../src/shell/shell.js";
import { makeStack, netns } from "../linux/world.js";

let shell: Shell;
const run = (line: string, stdin = ""): string => {
  const { text, code, notModelled } = shell.run(`ipvsadm ${line}`, stdin);
  return `${text}${code === 0 ? "" : `${text === "" ? "" : " "}[${notModelled === true ? "not modelled" : `exit ${code}`}]`}`;
};
const must = (...lines: readonly string[]): void => {
  for (const line of lines) expect([line, run(line)]).toEqual([line, ""]);
};

beforeEach(() => {
  const s = makeStack();
  shell = new Shell(s, netns(s, "r"));
});

const HEAD = "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn";

describe("ipvsadm", () => {
  test("lists by protocol, address and port, in ipvsadm's columns", () => {
    expect(run("-Ln")).toBe(HEAD);
    must(
      "-A -u 10.96.0.10:53 -s rr", "-A -t 10.96.0.10:9153 -s sh -b sh-port,sh-fallback", "-A -t 10.96.0.2:80 -s wlc -p 10800", "-A -t 10.96.0.2:443 -p -M 255.255.255.0", "-A -t [fd00::1]:80 -s mh -b mh-port",
      "-A -f 9 -s rr", "-a -t 10.96.0.2:80 -r 10.244.10.1:8080 -m -w 5", "-a -t 10.96.0.2:80 -r 10.244.2.1:8080 -m", "-a -t [fd00::1]:80 -r [fd00:2::1]:8080 -m",
    );
    expect(run("-L -n")).toBe(
      `${HEAD}
TCP  10.96.0.2:80 wlc persistent 10800
  -> 10.244.2.1:8080              Masq    1      0          0         
  -> 10.244.10.1:8080             Masq    5      0          0         
TCP  10.96.0.2:443 wlc persistent 300 mask 255.255.255.0
TCP  10.96.0.10:9153 sh (sh-fallback,sh-port)
UDP  10.96.0.10:53 rr
TCP  [fd00::1]:80 mh (mh-port)
  -> [fd00:2::1]:8080             Masq    1      0          0         
FWM  9 rr`,
    );
    expect(run("-Ln -t 10.96.0.10:9153")).toBe(`${HEAD.split("\n").slice(1).join("\n")}\nTCP  10.96.0.10:9153 sh (sh-fallback,sh-port)`);
    expect(run("-Ln --stats").split("\n").slice(1, 5)).toEqual([
      "Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes",
      "  -> RemoteAddress:Port",
      "TCP  10.96.0.2:80                        0        0        0        0        0",
      "  -> 10.244.2.1:8080                     0        0        0        0        0",
    ]);
  });

  test("saves what restores to the same", () => {
    must("-A -t 10.96.0.2:80 -s wrr -p 60", "-a -t 10.96.0.2:80 -r 10.244.2.1:8080 -m -w 3", "-A -u 10.96.0.2:53 -s rr", "-A -f 7 -6 -s lc", "-A -t 10.96.0.3:0 -s rr -p 9 -M 255.0.0.0");
    const saved = run("-Sn");
    expect(saved.split("\n")).toEqual([
      "-A -t 10.96.0.2:80 -s wrr -p 60", "-a -t 10.96.0.2:80 -r 10.244.2.1:8080 -m -w 3", "-A -t 10.96.0.3:0 -s rr -p 9 -M 255.0.0.0", "-A -u 10.96.0.2:53 -s rr", "-A -f 7 -6 -s lc",
    ]);
    must("-C");
    expect(run("-Sn")).toBe("");
    expect(run("-R", `${saved}\n`)).toBe("");
    expect(shell.run("ipvsadm-save -n").text).toBe(saved);
    must("-C");
    expect(shell.run("ipvsadm-restore", saved)).toMatchObject({ text: "", code: 0 });
    expect(run("-Sn")).toBe(saved);
  });

  test("edits: what is not said is as it would be for a new one", () => {
    must("-A -t 10.96.0.2:80 -s rr -p 60", "-a -t 10.96.0.2:80 -r 10.244.2.1:8080 -m -w 3", "-E -t 10.96.0.2:80", "-e -t 10.96.0.2:80 -r 10.244.2.1:8080 -m");
    expect(run("-Sn")).toBe("-A -t 10.96.0.2:80 -s wlc\n-a -t 10.96.0.2:80 -r 10.244.2.1:8080 -m -w 1");
    must("-d -t 10.96.0.2:80 -r 10.244.2.1:8080", "-D -t 10.96.0.2:80");
    expect(run("-Sn")).toBe("");
  });

  test("real servers that get packets as they are have the service's port; without a word they are reached directly", () => {
    must("-A -t 10.96.0.2:80 -s lblcr", "-a -t 10.96.0.2:80 -r 10.244.2.1:8080 -i -w 2", "-a -t 10.96.0.2:80 -r 10.244.2.2:8080", "-a -t 10.96.0.2:80 -r 10.244.2.3:8080 -m");
    expect(run("-Sn").split("\n")).toEqual([
      "-A -t 10.96.0.2:80 -s lblcr", "-a -t 10.96.0.2:80 -r 10.244.2.1:80 -i -w 2", "-a -t 10.96.0.2:80 -r 10.244.2.2:80 -g -w 1", "-a -t 10.96.0.2:80 -r 10.244.2.3:8080 -m -w 1",
    ]);
    expect(run("-Ln").split("\n").slice(3).map((line) => line.trimEnd())).toEqual([
      "TCP  10.96.0.2:80 lblcr",
      "  -> 10.244.2.1:80                Tunnel  2      0          0",
      "  -> 10.244.2.2:80                Route   1      0          0",
      "  -> 10.244.2.3:8080              Masq    1      0          0",
    ]);
  });

  test.each([
    ["-A -t 10.96.0.2:80 -s rr", "Service already exists [exit 255]"],
    ["-A -t 10.96.0.9:80 -s best", "Scheduler or persistence engine not found [exit 255]"],
    ["-A -t 10.96.0.9:80 -s twos", "ipvsadm -s twos: not modelled [not modelled]"],
    ["-A -t 10.96.0.9:0 -s rr", "Invalid operation.  Possibly wrong module version, address not unicast, ... [exit 255]"],
    ["-E -t 10.96.0.9:80 -s rr", "No such service [exit 255]"],
    ["-D -t 10.96.0.9:80", "No such service [exit 255]"],
    ["-Z -t 10.96.0.9:80", "No such service [exit 255]"],
    ["-Ln -t 10.96.0.9:80", "No such service [exit 255]"],
    ["-a -t 10.96.0.9:80 -r 10.0.0.1 -m", "Service not defined [exit 255]"],
    ["-a -t 10.96.0.2:80 -r 10.244.2.1 -m", "Destination already exists [exit 255]"],
    ["-e -t 10.96.0.2:80 -r 10.244.2.9 -m", "No such destination [exit 255]"],
    ["-d -t 10.96.0.2:80 -r 10.244.2.9", "No such destination [exit 255]"],
    ["-a -t 10.96.0.2:80 -r 10.244.2.9 -g -i", "multiple 'packet-forwarding-method' options specified [exit 2]"],
    ["-S", "ipvsadm -S without -n: not modelled [not modelled]"],
    ["-L", "ipvsadm -L without -n: not modelled [not modelled]"],
    ["--start-daemon master", "ipvsadm --start-daemon: not modelled [not modelled]"],
  ])("%s is refused in its words", (line, words) => {
    must("-A -t 10.96.0.2:80 -s rr", "-a -t 10.96.0.2:80 -r 10.244.2.1 -m");
    expect(run(line)).toBe(words);
  });
});

test("-m ipvs is read and printed back; without an option it is refused", () => {
  const spec = "-s 10.96.0.2/32 -m ipvs --vproto 6 --vaddr 10.96.0.2 --vport 80 -j DROP";
  expect(shell.run("iptables-legacy -A OUTPUT -s 10.96.0.2 -m ipvs --vaddr 10.96.0.2 --vproto tcp --vport 80 -j DROP").text).toBe("");
  expect(shell.run("iptables-legacy -A INPUT -m ipvs ! --ipvs -j ACCEPT").text).toBe("");
  expect(shell.run("iptables-legacy -A FORWARD -m ipvs --vdir REPLY --vmethod masq -j ACCEPT").text).toBe("");
  expect(shell.run("iptables-legacy -S").text.split("\n").slice(3)).toEqual([
    "-A INPUT -m ipvs ! --ipvs -j ACCEPT", "-A FORWARD -m ipvs --vdir REPLY --vmethod MASQ -j ACCEPT", `-A OUTPUT ${spec}`,
  ]);
  expect(shell.run("iptables-legacy -A INPUT -m ipvs -j ACCEPT").code).toBe(2);
});
