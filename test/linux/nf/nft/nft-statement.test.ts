import { expect, test } from "vitest";
import { NftSyntaxError, readNftRule } from "../../../../src/linux/nf/nft/nft-statement.js";

test.each([
  ["ip daddr 10.0.0.1 ip saddr != 10.0.0.0/8 jump mark-for-masquerade", ["address", "address", "verdict"]],
  ["ip daddr . meta l4proto . th dport vmap @service-ips", ["vmap"]],
  ["fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @service-nodeports", ["fib-local", "address", "vmap"]],
  ["ip saddr != { 203.0.113.0/25 , 5.6.7.8 } drop", ["address", "verdict"]],
  ["ip daddr { 172.30.0.0/16,10.96.0.0/12 } drop", ["address", "verdict"]],
  ["mark and 0x00004000 != 0 mark set mark xor 0x00004000 masquerade fully-random", ["mark", "set-mark", "masquerade"]],
  ["ct status dnat ip saddr . ip daddr . meta l4proto . th dport @hairpin-connections masquerade fully-random", ["status-dnat", "lookup", "masquerade"]],
  ["numgen random mod 2 vmap { 0 : goto a , 1 : goto b }", ["numgen-vmap"]],
  ["meta l4proto tcp dnat to [fd00::1]:80", ["proto", "dnat"]],
  ["meta l4proto tcp dnat ip addr . port to numgen random mod 2 map { 0 : 10.0.0.1 . 80 , 1 : 10.0.0.2 . 81 }", ["proto", "dnat"]],
  ["update @affinity-x { ip saddr }", ["update"]],
  ["iifname cni0 reject", ["iifname", "reject"]],
])("%s", (text, kinds) => {
  expect(readNftRule(text).map(({ kind }) => kind)).toEqual(kinds);
});

test.each(["tcp dport 80 accept", "ip daddr", "ip daddr 300.0.0.1 drop", "numgen random mod 2 vmap { 0 : drop }", "log prefix x", "jump"])("%s is refused", (text) => {
  expect(() => readNftRule(text)).toThrow(NftSyntaxError);
});
