/** Random words to every command: an answer with an exit code, or "not modelled", never an exception. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { addNetns } from "../../src/linux/netns.js";
import { runLab } from "../../src/shell/lab/run-lab.js";
import { Shell } from "../../src/shell/shell.js";
import { act, makeStack } from "../linux/world.js";
import { SHELL_PROGRAMS } from "../../src/shell/shell-programs.js";

const TOOLS = ["ip", "bridge", "iptables", "iptables-legacy", "ip6tables", "iptables-save", "iptables-restore", "iptables-legacy-restore", "ipset", "conntrack", "sysctl", "ping", "arping", "traceroute", "ss"] as const;
/** Words that lead somewhere, so that chance gets past the first. */
const KNOWN = (
  "-n a -6 -4 -s -d netns exec add del show list set replace append flush get link addr route rule neigh fdb dev eth0 lo br0 via default 10.0.0.1 10.0.0.0/24 fd00::1 fd00::/64 table main all " +
  "type veth peer name bridge vxlan id 7 master up down mtu 1400 address 02:00:00:00:00:01 lladdr nud permanent metric src from to fwmark 0x1/0xff lookup nexthop weight onlink scope global brd + " +
  "-A -I -D -R -L -S -F -N -X -P -E -C INPUT FORWARD -t nat filter -p tcp --dport 80 -j ACCEPT DROP REJECT DNAT --to-destination MARK --set-xmark -m conntrack --ctstate NEW ! -i " +
  "create hash:ip hash:net hash:ip,port destroy swap test save hosts -w net.ipv4.ip_forward=1 net.ipv4.conf.lo.rp_filter -q -c 1 -W -p udp -f ipv6 -1 999999999999 '' \u0000 ünïcode"
).split(" ");

const word = fc.oneof({ weight: 8, arbitrary: fc.constantFrom(...KNOWN) }, { weight: 1, arbitrary: fc.string({ maxLength: 12 }) });

function machine(): Shell {
  const s = makeStack(SHELL_PROGRAMS);
  const root = addNetns(s, 1, "node");
  const ns = addNetns(s, 1, "a");
  act(s, { verb: "link-set", ns: root, name: "lo", up: true });
  act(s, { verb: "link-add", ns: root, name: "br0", kind: "bridge", up: true });
  act(s, { verb: "link-add", ns: root, name: "eth0", kind: "veth", peer: { ns, name: "eth0" }, up: true });
  return new Shell(s, root);
}

test("no command line makes a tool fall over", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.constantFrom(...TOOLS), fc.array(word, { maxLength: 9 })), { minLength: 1, maxLength: 6 }), fc.string({ maxLength: 60 }), (lines, stdin) => {
      const shell = machine();
      for (const [tool, words] of lines) {
        const { code, text } = shell.runWords([tool, ...words], stdin);
        expect(Number.isInteger(code)).toBe(true);
        expect(typeof text).toBe("string");
      }
    }),
    { numRuns: 600 },
  );
});

test("no text makes the lab runner fall over", () => {
  const line = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.tuple(fc.constantFrom("serve", "probe", "inject", "capture", "captured", "trace", "traced", "sleep", "ip", "true"), fc.array(fc.oneof(word, fc.constantFrom("-", "tcp", "icmp", "timeout=0.1", "from=1", "<<EOF", "EOF", "ffffffffffff02000000000108060001")), { maxLength: 5 })).map(([a, b]) => [a, ...b].join(" ")),
  );
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const { output, exit, problem } = runLab(lines.join("\n"), "x.lab");
      expect(typeof output).toBe("string");
      expect(exit === 0 || (exit === 2 && /^x\.lab:\d+: /.test(problem ?? ""))).toBe(true);
    }),
    { numRuns: 400 },
  );
});
