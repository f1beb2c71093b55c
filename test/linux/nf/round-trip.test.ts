import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseRules } from "../../../src/linux/nf/parse.js";
import { splitWords } from "../../../src/linux/nf/spec-words.js";
import { TABLE } from "../../../src/linux/nf/table.js";
import { act, makeStack, netns } from "../world.js";

const port = fc.integer({ min: 0, max: 65535 });
const ports = fc.oneof(port.map(String), fc.tuple(port, port).map(([a, b]) => `${Math.min(a, b)}:${Math.max(a, b)}`));
const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)).map((o) => o.join("."));
const hosts = fc.oneof(octets, fc.tuple(octets, fc.integer({ min: 1, max: 32 })).map(([a, n]) => `${a}/${n}`));
const bang = fc.boolean().map((not) => (not ? "! " : ""));
const mark = fc.tuple(fc.nat(0xffff), fc.nat(0xffff)).map(([v, m]) => `0x${v.toString(16)}/0x${m.toString(16)}`);
const quoted = fc.string({ maxLength: 40 }).map((text) => text.replace(/[^ -~]/g, "x")).map((text) => `"${text.replace(/["'\\]/g, (c) => `\\${c}`)}"`);
const device = fc.constantFrom("eth0", "veth+", "cni0", "br-a.1");

function part(...texts: readonly fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc.tuple(...texts).map((words) => words.join(""));
}
const text = fc.constant;

const matches = fc.oneof(
  part(text("-m mark "), bang, text("--mark "), mark),
  part(text("-m connmark "), bang, text("--mark "), mark),
  part(text("-m conntrack "), bang, text("--ctstate "), fc.constantFrom("NEW", "RELATED,ESTABLISHED", "INVALID,DNAT", "UNTRACKED")),
  part(text("-m comment --comment "), quoted),
  part(text("-m addrtype "), bang, text("--dst-type "), fc.constantFrom("LOCAL", "UNICAST,LOCAL", "MULTICAST")),
  part(text("-m set "), bang, text("--match-set "), fc.constantFrom("nets src", "ports dst,dst", "ports src,dst")),
  part(text("-m statistic --mode random "), bang, text("--probability "), fc.integer({ min: 0, max: 1000 }).map((n) => String(n / 1000))),
  fc.tuple(fc.integer({ min: 1, max: 99 }), fc.nat(98)).map(([n, p]) => `-m statistic --mode nth --every ${n} --packet ${p % n}`),
  part(text("-m recent "), fc.constantFrom("--set", "--rcheck --seconds 60 --reap", "--update --hitcount 3", "--remove"), text(" --name "), fc.constantFrom("A", "B")),
  part(text("-m physdev "), fc.constantFrom("--physdev-in a", "! --physdev-in a+", "--physdev-is-bridged --physdev-out b", "--physdev-is-in ! --physdev-is-out")),
  // rates that the kernel's unit holds exactly; others the real tool rounds too
  part(text("-m limit --limit "), fc.constantFrom("1", "2", "5", "10", "20", "50", "100"), fc.constantFrom("/sec", "/min", "/hour", "/day")),
  part(text("-m length "), bang, text("--length "), ports),
  part(text("-m ttl "), fc.constantFrom("--ttl-eq ", "! --ttl-eq ", "--ttl-lt ", "--ttl-gt "), fc.nat(255).map(String)),
  part(text("-m iprange "), bang, text("--src-range "), octets, text("-"), octets),
);

const transport = fc.oneof(
  text(""),
  part(text("-p tcp -m tcp "), bang, text("--dport "), ports),
  part(text("-p udp "), bang, text("--sport "), ports),
  part(text("-p tcp -m tcp "), bang, text("--tcp-flags "), fc.constantFrom("SYN,ACK SYN", "ALL NONE", "FIN,RST RST")),
  part(text("-p udp -m multiport "), bang, text("--dports "), fc.array(ports, { minLength: 1, maxLength: 7 }).map((all) => all.join(","))),
  part(text("-p icmp -m icmp "), bang, text("--icmp-type "), fc.constantFrom("8", "3/4", "any", "time-exceeded")),
  part(bang, text("-p "), fc.integer({ min: 1, max: 255 }).map(String)),
);

const target = fc.oneof(
  fc.constantFrom("", "-j ACCEPT", "-j DROP", "-j RETURN", "-j USER", "-g USER", "-j LOG --log-prefix \"a b\"", "-j NFLOG --nflog-group 3", "-j REJECT --reject-with host-prohib"),
  part(text("-j MARK "), fc.constantFrom("--set-mark ", "--set-xmark "), mark),
  part(text("-j MARK "), fc.constantFrom("--or-mark ", "--and-mark ", "--xor-mark "), fc.nat(0xffff).map(String)),
  part(text("-j CONNMARK "), fc.constantFrom("--save-mark", "--restore-mark --mask 0xff", "--set-mark 7")),
);

const spec = fc
  .tuple(
    fc.option(part(bang, text("-s "), hosts), { nil: "" }),
    fc.option(part(bang, text("-d "), hosts), { nil: "" }),
    fc.option(part(bang, text("-i "), device), { nil: "" }),
    fc.option(part(bang, text("-o "), device), { nil: "" }),
    transport,
    fc.array(matches, { maxLength: 3 }),
    target,
  )
  .map(([s, d, i, o, t, m, j]) => [s, d, i, o, t, ...m, j].filter((word) => word !== "").join(" "));

describe("a rule's text", () => {
  const s = makeStack();
  const ns = netns(s, "a");
  act(s, { verb: "ipset", ns, op: "create", name: "nets", type: "hash:net" });
  act(s, { verb: "ipset", ns, op: "create", name: "ports", type: "hash:ip,port" });
  const place = { s, ns, family: 4, table: TABLE.filter, chain: "FORWARD", cause: 0 } as const;

  test("read, printed and read again is the same rule", () => {
    fc.assert(
      fc.property(spec, (words) => {
        const [rule] = parseRules(words, place);
        const [again] = parseRules(rule!.text, place);
        expect(again).toEqual(rule);
      }),
      { numRuns: 3000 },
    );
  });

  test("equal words are one record, whoever asks", () => {
    const other = netns(s, "b");
    const words = "-s 10.0.0.1/32 -p tcp -m tcp --dport 80 -j ACCEPT";
    expect(parseRules(words, { ...place, ns: other })).toBe(parseRules(words, place));
    expect(parseRules(words, { ...place, cause: 7 })[0]!.cause).toBe(7);
  });

  test("words keep what stands in quotes, and lose nothing", () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 })), (words) => {
        const line = words.map((word) => `"${word.replace(/["\\]/g, (c) => `\\${c}`)}"`).join(" ");
        expect(splitWords(line)).toEqual(words);
      }),
    );
    expect(splitWords('a "b')).toBeNull();
  });

  test("any text is a rule or a clear refusal", () => {
    const word = fc.oneof(fc.constantFrom("-s", "-j", "-m", "!", "--dport", "tcp", "set", "--match-set", "10.0.0.1", "-p", "DNAT", "recent", "--name"), fc.string({ maxLength: 8 }));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) => {
        try {
          parseRules(words.join(" "), place);
        } catch (fault) {
          expect((fault as Error).name).toBe("SpecFault");
        }
      }),
      { numRuns: 2000 },
    );
  });
});
