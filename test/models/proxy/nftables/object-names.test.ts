import { expect, test } from "vitest";
import { hashedName } from "../../../../src/models/proxy/nftables/object-names.js";

// Hashes from kube-proxy's own tests and from a live node.
const known: readonly (readonly [string, string])[] = [
  ["ns1/svc1/tcp/p80", "ULMVA6XW"],
  ["ns1/svc1/tcp/p80__10.180.0.1/80", "5OJB2KTY"],
  ["ns2/svc2/tcp/p80", "42NFTM6N"],
  ["ns5/svc5/tcp/p80__10.180.0.3/80", "GTK6MW7G"],
  ["default/kubernetes/tcp/https", "2QRHZV4L"],
  ["kproxy-lab/backend-api/tcp/http", "YVSKLJHA"],
  ["ns1/svc1/tcp/", "6KJ5P52A"],
  ["riset/hellopod-np-svc/tcp/__10.42.4.201/8080", "VGSZZXMZ"],
];

test.each(known)("%s is hashed to %s", (text, hash) => {
  expect(hashedName(text)).toBe(`${hash}-${text}`);
});

test("a name longer than 240 characters is cut to 237 and three dots", () => {
  const fits = hashedName("n".repeat(240 - 9));
  expect(fits).toHaveLength(240);
  expect(fits.endsWith("n")).toBe(true);
  const cut = hashedName("n".repeat(240 - 8));
  expect(cut).toHaveLength(240);
  expect(cut.endsWith("nnn...")).toBe(true);
});
