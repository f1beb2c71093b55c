import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { shared } from "./shared.js";

/**
 * Things that a test may need beyond npm. `missing` is null when the thing is there, else the words of the skip.
 * With PODWIRE_NO_SKIPS=1 a missing one fails the test instead (`shared` excepted: it is not installable).
 */
export interface Requirement {
  readonly name: string;
  readonly missing: () => string | null;
  readonly installable: boolean;
}

const noSkips = process.env["PODWIRE_NO_SKIPS"] === "1";

function runs(command: string, ...args: string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore", timeout: 20_000 }).status === 0;
}

function once(find: () => string | null): () => string | null {
  let answer: string | null | undefined;
  return () => {
    if (answer === undefined) answer = find();
    return answer;
  };
}

/** Debian's chromium, or the browser that CHROMIUM_PATH names; null if there is none. */
export function chromiumPath(): string | null {
  const path = process.env["CHROMIUM_PATH"] ?? "/usr/bin/chromium";
  return existsSync(path) ? path : null;
}

export const needs = {
  shared: {
    name: "shared",
    installable: false,
    missing: once(() => (shared === null ? "no ../shared folder beside the checkout" : null)),
  },
  root: {
    name: "root",
    installable: true,
    missing: once(() => (process.getuid?.() === 0 ? null : "must run as root to make network namespaces")),
  },
  netfilter: {
    name: "netfilter",
    installable: true,
    missing: once(() => {
      if (process.platform !== "linux") return "needs a Linux kernel";
      if (process.getuid?.() !== 0) return "must run as root to make network namespaces";
      if (!runs("ip", "-V")) return "iproute2 is not installed";
      if (!runs("iptables-legacy", "--version")) return "iptables is not installed";
      if (!runs("unshare", "-n", "iptables-legacy", "-t", "nat", "-S")) return "this kernel gives no netfilter in a new network namespace";
      return null;
    }),
  },
  cniPlugins: {
    name: "cniPlugins",
    installable: true,
    missing: once(() => (existsSync("/usr/lib/cni/bridge") ? null : "containernetworking-plugins is not installed")),
  },
  tshark: {
    name: "tshark",
    installable: true,
    missing: once(() => (runs("tshark", "--version") ? null : "tshark is not installed")),
  },
  bird: {
    name: "bird",
    installable: true,
    missing: once(() => (runs("bird", "--version") ? null : "bird2 is not installed")),
  },
  graphviz: {
    name: "graphviz",
    installable: true,
    missing: once(() => (runs("dot", "-V") ? null : "graphviz is not installed")),
  },
  chromium: {
    name: "chromium",
    installable: true,
    missing: once(() => (chromiumPath() === null ? "no chromium: install it or set CHROMIUM_PATH" : null)),
  },
} as const satisfies Record<string, Requirement>;

/**
 * A `describe` that needs something beyond npm. Where it is missing the whole block is one skipped test whose name says
 * why, or one failed test under PODWIRE_NO_SKIPS=1.
 * @example describeWith("captures", [needs.tshark], () => { test(...) })
 */
export function describeWith(name: string, requirements: readonly Requirement[], body: () => void): void {
  const lacking = requirements.flatMap((r) => {
    const why = r.missing();
    return why === null ? [] : [{ why, fails: noSkips && r.installable }];
  });
  if (lacking.length === 0) {
    describe(name, body);
    return;
  }
  const why = lacking.map((l) => l.why).join("; ");
  describe(name, () => {
    if (lacking.some((l) => l.fails)) {
      test(`cannot run: ${why}`, () => {
        expect.fail(`skips are forbidden here, and this cannot run: ${why}`);
      });
    } else {
      test.skip(`skipped: ${why}`, () => {});
    }
  });
}
