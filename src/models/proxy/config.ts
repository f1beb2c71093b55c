// The configuration file of `podwire rules --config`: one proxy on one node, as data. It describes a proxy as it runs,
// so values are taken as they are; only text that is no YAML and values of a wrong type are refused.

import { isMap, LineCounter, parseDocument } from "yaml";
import type { Problem } from "../../base/problem.js";

export interface ProxyFlow {
  readonly name: string;
  readonly sourceIP: string;
  readonly protocol: string;
  readonly destIP: string;
  readonly destPort: number;
  /** What is expected, where the file says so. */
  readonly output: string;
  readonly masq: boolean | "mixed" | null;
}

export interface ProxyConfig {
  readonly ipFamily: string;
  readonly nodeName: string;
  readonly nodeIP: string;
  readonly nodeLocalIPs: readonly string[];
  readonly masqueradeMark: string;
  readonly randomFully: boolean;
  readonly masqueradeAll: boolean;
  readonly detectLocal: {
    readonly mode: string;
    readonly cidr: string;
    readonly bridgeInterface: string;
    readonly interfaceNamePrefix: string;
  };
  readonly localhostNodePorts: boolean;
  /** Null where the file does not say: each mode has its own default. */
  readonly nodePortAddresses: readonly string[] | null;
  readonly conntrackTCPBeLiberal: boolean;
  readonly nfacct: { readonly ct_state_invalid_dropped_pkts: boolean; readonly localhost_nps_accepted_pkts: boolean };
  readonly sync: string;
  readonly changedServices: readonly string[];
  readonly existingNatChains: readonly string[];
  readonly serviceCIDRs: readonly string[];
  /** Kubernetes release whose nftables text is wanted. */
  readonly release: string;
  readonly scheduler: string;
  readonly strictARP: boolean;
  readonly excludeCIDRs: readonly string[];
  readonly flows: readonly ProxyFlow[];
}

/** Reads a configuration; every value that is not there is what kube-proxy has by default. */
export function readProxyConfig(
  text: string,
  file: string,
): { readonly config: ProxyConfig | null; readonly problems: readonly Problem[] } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, schema: "core" });
  const problems: Problem[] = document.errors.map((error) => {
    const at = lines.linePos(error.pos[0]);
    return {
      code: "invalid-yaml",
      severity: "error",
      path: "",
      message: error.message.split("\n")[0]!,
      file,
      line: at.line,
      column: at.col,
    };
  });
  if (problems.length === 0 && !isMap(document.contents)) {
    problems.push({
      code: "invalid-type",
      severity: "error",
      path: "",
      message: "a configuration is a map of keys",
      file,
      line: 1,
      column: 1,
    });
  }
  if (problems.length > 0) return { config: null, problems };
  const reader = new ConfigReader(document.toJS() as Record<string, unknown>, (path, message) => {
    const node = document.getIn(path, true) as { readonly range?: readonly [number, number, number] } | undefined;
    const at = lines.linePos(node?.range?.[0] ?? 0);
    const name = path.reduce<string>(
      (sum, part) => (typeof part === "number" ? `${sum}[${part}]` : sum === "" ? part : `${sum}.${part}`),
      "",
    );
    problems.push({ code: "invalid-type", severity: "error", path: name, message, file, line: at.line, column: at.col });
  });
  const config = readAll(reader);
  return problems.length > 0 ? { config: null, problems: problems.sort(byPlace) } : { config, problems };
}

function byPlace(a: Problem, b: Problem): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

function readAll(reader: ConfigReader): ProxyConfig {
  const detect = reader.map("detectLocal");
  const counters = reader.map("nfacct");
  return {
    ipFamily: reader.text("ipFamily", "IPv4"),
    nodeName: reader.text("nodeName", ""),
    nodeIP: reader.text("nodeIP", ""),
    nodeLocalIPs: reader.texts("nodeLocalIPs") ?? [],
    masqueradeMark: reader.text("masqueradeMark", "0x00004000"),
    randomFully: reader.truth("randomFully", true),
    masqueradeAll: reader.truth("masqueradeAll", false),
    detectLocal: {
      mode: detect.text("mode", "ClusterCIDR"),
      cidr: detect.text("cidr", ""),
      bridgeInterface: detect.text("bridgeInterface", ""),
      interfaceNamePrefix: detect.text("interfaceNamePrefix", ""),
    },
    localhostNodePorts: reader.truth("localhostNodePorts", true),
    nodePortAddresses: reader.texts("nodePortAddresses"),
    conntrackTCPBeLiberal: reader.truth("conntrackTCPBeLiberal", false),
    nfacct: {
      ct_state_invalid_dropped_pkts: counters.truth("ct_state_invalid_dropped_pkts", true),
      localhost_nps_accepted_pkts: counters.truth("localhost_nps_accepted_pkts", true),
    },
    sync: reader.text("sync", "full"),
    changedServices: reader.texts("changedServices") ?? [],
    existingNatChains: reader.texts("existingNatChains") ?? [],
    serviceCIDRs: reader.texts("serviceCIDRs") ?? [],
    release: reader.text("release", "1.35"),
    scheduler: reader.text("scheduler", "rr"),
    strictARP: reader.truth("strictARP", false),
    excludeCIDRs: reader.texts("excludeCIDRs") ?? [],
    flows: reader.maps("flows").map(readFlow),
  };
}

function readFlow(reader: ConfigReader): ProxyFlow {
  return {
    name: reader.text("name", ""),
    sourceIP: reader.text("sourceIP", ""),
    protocol: reader.text("protocol", "tcp"),
    destIP: reader.text("destIP", ""),
    destPort: reader.number("destPort"),
    output: reader.text("output", ""),
    masq: reader.masq("masq"),
  };
}

type Path = readonly (string | number)[];

/** Reads typed keys of one map and reports what has another type. */
class ConfigReader {
  private readonly record: Record<string, unknown>;
  private readonly report: (path: Path, message: string) => void;
  private readonly at: Path;

  constructor(record: Record<string, unknown>, report: (path: Path, message: string) => void, at: Path = []) {
    this.record = record;
    this.report = report;
    this.at = at;
  }

  text(key: string, missing: string): string {
    return this.read(key, missing, "a string", (value): value is string => typeof value === "string");
  }

  truth(key: string, missing: boolean): boolean {
    return this.read(key, missing, "true or false", (value): value is boolean => typeof value === "boolean");
  }

  number(key: string): number {
    return this.read(key, 0, "a whole number", (value): value is number => Number.isSafeInteger(value));
  }

  texts(key: string): readonly string[] | null {
    const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((each) => typeof each === "string");
    return this.read<readonly string[] | null>(key, null, "a list of strings", isTexts);
  }

  masq(key: string): boolean | "mixed" | null {
    const isMasq = (value: unknown): value is boolean | "mixed" => typeof value === "boolean" || value === "mixed";
    return this.read<boolean | "mixed" | null>(key, null, "true, false or mixed", isMasq);
  }

  map(key: string): ConfigReader {
    return new ConfigReader(this.read(key, {}, "a map", isRecord), this.report, [...this.at, key]);
  }

  maps(key: string): readonly ConfigReader[] {
    const list = this.read<readonly unknown[]>(key, [], "a list", (value): value is unknown[] => Array.isArray(value));
    return list.map((item, index) => {
      if (!isRecord(item)) this.report([...this.at, key, index], "must be a map");
      return new ConfigReader(isRecord(item) ? item : {}, this.report, [...this.at, key, index]);
    });
  }

  private read<T>(key: string, missing: T, what: string, is: (value: unknown) => value is T): T {
    const value = Object.hasOwn(this.record, key) ? this.record[key] : undefined;
    if (value === undefined || value === null) return missing;
    if (is(value)) return value;
    this.report([...this.at, key], `must be ${what}`);
    return missing;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
