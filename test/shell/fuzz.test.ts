/** Random words to every command: an answer with an exit code, or "not modelled", never an exception. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { addNetns } from "../../src/linux/netns.js";
import { runLab } from "../../src/shell/lab/run-lab.js";
import { Shell } from "../../src/shell/shell.js";
import { act, makeStack } from "../linux/world.js";
import { SHELL_PROGRAMS } from "../../src/shell/shell-programs.js";

const TOOLS = [
  "ip", "bridge", "iptables", "iptables-legacy", "ip6tables", "ip6tables-nft", "iptables-save", "ip6tables-save", "iptables-restore", "iptables-legacy-restore", "ip6tables-restore",
  "ipset", "conntrack", "ipvsadm", "ipvsadm-save", "ipvsadm-restore", "sysctl", "ping", "ping6", "arping", "traceroute", "traceroute6", "ss", "nft", "bird", "birdc", "tcpdump", "echo",
] as const;
/** Words that lead somewhere, so that chance gets past the first. */
const KNOWN = (
  "-n a -6 -4 -s -d netns exec add del show list set replace append flush get link addr route rule neigh fdb dev eth0 lo br0 via default 10.0.0.1 10.0.0.0/24 fd00::1 fd00::/64 table main all " +
  "type veth peer name bridge vxlan id 7 master up down mtu 1400 address 02:00:00:00:00:01 lladdr nud permanent metric src from to fwmark 0x1/0xff lookup nexthop weight onlink scope global brd + " +
  "-A -I -D -R -L -S -F -N -X -P -E -C INPUT FORWARD -t nat filter -p tcp --dport 80 -j ACCEPT DROP REJECT DNAT --to-destination MARK --set-xmark -m conntrack --ctstate NEW ! -i " +
  "-Ln -a -t 10.96.0.1:80 -s rr -r 10.0.0.1:80 -m -e -u -ltn -tan state established dport = :80 ( ) or list ruleset table chain flush -f - -j -a -p eth0 host port not and tcp udp icmp " +
  "-b -c0.1 -s1400 -Mdo -f -I -U -q -w1 1 10 ! -br -o -all counters json monitor tunnel tuntap tun ipip gre wireguard peer allowed-ips private-key " +
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

/** Lines that a tool reads from its standard input, of words that its grammar knows. */
function linesOf(words: string): fc.Arbitrary<string> {
  const some = fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...words.split(" ")) }, { weight: 1, arbitrary: fc.string({ maxLength: 8 }) });
  return fc.array(fc.array(some, { maxLength: 12 }).map((line) => line.join(" ")), { maxLength: 10 }).map((lines) => lines.join("\n"));
}

const RULES =
  "*filter *nat *mangle *raw :INPUT :FORWARD :PREROUTING :U ACCEPT DROP - [0:0] [1:60] COMMIT -A -I -D -R -F -X -N -P INPUT FORWARD PREROUTING POSTROUTING U 1 -s -d 10.0.0.0/8 ! 1.2.3.4/255.0.0.0 fd00::/8 -i -o eth0 v+ -p tcp udp icmp 6 -m tcp multiport --dport --sport --dports 80 1:5 80,443 " +
  "-j -g REJECT --reject-with tcp-reset icmp-port-unreachable DNAT --to-destination 10.0.0.1:80-90 [fd00::1]:80 SNAT --to-source MASQUERADE --random-fully MARK --set-xmark 0x1/0xff conntrack --ctstate NEW,ESTABLISHED statistic --mode nth random --every 2 --packet 0 --probability 0.5 " +
  'comment --comment "a\\"b" addrtype --dst-type LOCAL set --match-set hosts src,dst recent --name x --rcheck --seconds limit --limit 5/s --limit-burst hashlimit --hashlimit-upto u32 string CT --zone TCPMSS --clamp-mss-to-pmtu LOG --log-prefix NFLOG SET --add-set --exist owner';
const RULESET =
  "table ip ip6 inet arp t { } chain c type filter nat route hook prerouting input forward output postrouting priority dstnat srcnat -100 ; policy accept drop set map s m ipv4_addr inet_service verdict . flags interval timeout 30s elements = { 10.0.0.1 , 80 : goto c jump dnat to masquerade fully-random reject return " +
  'ip saddr daddr != @s @m vmap meta l4proto tcp udp th dport 1-5 ct state new established mark and 0x1 == set or xor iifname "eth0" fib type local numgen random mod 2 map counter packets 0 bytes comment "x" add delete flush list insert rule element update log drop continue ip6 fd00::1 tcp icmp icmpv6';
const SETS = "create add del test flush destroy swap rename -exist hosts nets hash:ip hash:net hash:ip,port hash:net,port bitmap:port list:set family inet inet6 range 1-9000 maxelem 5 timeout 30 comment nomatch 10.0.0.1 10.0.0.0/24 10.0.0.1,tcp:80 fd00::1 0.0.0.0/0 1-99999 hashsize 0";
const VIRTUAL = "-A -a -D -d -E -e -t -u -f 10.96.0.1:80 [fd00::1]:80 -s rr wrr sh mh lc -r 10.0.0.1:80 -m -g -i -w 1 0 -p 10800 -M 255.255.255.0 -b flag-1 -o";

test("no text on standard input makes a tool fall over", () => {
  const read = fc.oneof(
    fc.tuple(fc.constantFrom("iptables-restore", "iptables-legacy-restore", "ip6tables-restore", "iptables-nft-restore"), fc.constantFrom("", "-n", "-c"), linesOf(RULES)),
    fc.tuple(fc.constant("nft"), fc.constant("-f -"), linesOf(RULESET)),
    fc.tuple(fc.constant("ipset"), fc.constantFrom("restore", "restore -exist"), linesOf(SETS)),
    fc.tuple(fc.constantFrom("ipvsadm-restore", "ipvsadm -R"), fc.constant(""), linesOf(VIRTUAL)),
    fc.tuple(fc.constant("ip"), fc.constantFrom("-batch -", "-force -batch -"), linesOf("link addr route add del set show dev eth0 br0 10.0.0.1/24 up via default #")),
  );
  fc.assert(
    fc.property(fc.array(read, { minLength: 1, maxLength: 3 }), (calls) => {
      const shell = machine();
      for (const [tool, words, stdin] of calls) {
        const { code, text } = shell.runWords([...tool.split(" "), ...words.split(" ").filter((each) => each !== "")], stdin);
        expect(Number.isInteger(code)).toBe(true);
        expect(typeof text).toBe("string");
      }
      // What they left can be shown.
      for (const tool of ["iptables-save", "iptables-legacy-save", "ip6tables-save"]) expect(typeof shell.runWords([tool], "").text).toBe("string");
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
