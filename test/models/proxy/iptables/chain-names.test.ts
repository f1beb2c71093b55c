import { expect, test } from "vitest";
import { nameHash } from "../../../../src/models/proxy/iptables/chain-names.js";

// Names that kube-proxy's own tests expect and that live clusters show.
const known: readonly (readonly [string, string])[] = [
  ["ns1/svc1:p80tcp", "XPGD46QRK7WJZT7O"],
  ["ns2/svc2:p80tcp", "GNZBNJ2PO5MGZ6GT"],
  ["ns3/svc3:p80tcp", "X27LE4BHSL4DOUIK"],
  ["ns4/svc4:p80tcp", "4SW47YFZTEDKD3PK"],
  ["ns5/svc5:p80tcp", "NUKIZ6OKUXPJNT4C"],
  ["ns2/svc2:p8080tcp", "2VJB64SDSIJUP5T6"],
  ["ns4/svc4:p8082tcp", "EBDQOQU5SJFXRIL3"],
  ["ns1/svc1:p80tcp10.180.0.1:80", "SXIVWICOYRO3J4NJ"],
  ["ns4/svc4:p80tcp10.180.0.5:80", "C6EBXVWJJZMIWKLZ"],
  ["ns3/svc3:p80tcp10.180.0.3:80", "OYPFS5VJICHGATKP"],
  ["ns5/svc5:p80tcp10.180.0.3:80", "I77PXRDZVX7PMWMN"],
  ["ns3/svc3:p8081tcp203.0.113.4:8081", "RUVVH7YV3PHQBDOS"],
  ["ns1/svc1:p80tcp10.0.0.0:80", "DKGQUZGBKLTPAR56"],
  ["ns1/svc1:p80tcp[fd00:10:180::1]:80", "OGYCNMB4EMRUSJ6N"],
  ["ns1/svc1tcp", "AQI2S6QIMU7PVVRP"],
  ["ns2/svc2:dns-udpudp", "56EGM3ZB4YILLRBZ"],
  ["ns2/svc2:dns-sctpsctp", "L76IW5RJFPV7YBZO"],
  ["default/kubernetes:httpstcp", "NPX46M4PTMTKRN6Y"],
  ["kube-system/kube-dns:dnsudp", "TCOU7JCQXEZGVUNU"],
];

test.each(known)("%s is hashed to %s", (text, hash) => {
  expect(nameHash(text)).toBe(hash);
});
