/* Read first: k8s.io/kubernetes pkg/apis/core/validation, `ValidateServiceClusterIPsRelatedFields`. */
import type { ServiceSpec } from "../core.js";
import { parseIpText } from "../ip-text.js";
import { checkIp } from "./addresses.js";
import type { Faults } from "./faults.js";

const familyPolicies = ["PreferDualStack", "RequireDualStack", "SingleStack"] as const;

/** A headless Service has `None` as its only cluster IP. */
export function isHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === "None";
}

export function checkServiceIps(faults: Faults, spec: ServiceSpec): void {
  if (spec.type === "ExternalName") return;
  const path = "spec.clusterIPs";
  const ips = spec.clusterIPs ?? [];
  const primary = spec.clusterIP ?? "";
  if (primary === "" && ips.length > 0) faults.invalid(path, ips, "must be empty when `clusterIP` is not specified");
  if (primary !== "" && ips.length > 0 && ips[0] !== primary) faults.invalid(path, ips, "first value must match `clusterIP`");
  checkFamilies(faults, spec);

  const readable = checkEach(faults, path, ips);
  if (ips.length > 2) faults.invalid(path, ips, "may only hold up to 2 values");
  if (!readable) return;
  if (ips.length > 1 && (ips.every((ip) => isFamily6(ip)) || !ips.some((ip) => isFamily6(ip)))) {
    faults.invalid(path, ips, "may specify no more than one IP for each IP family");
  }
  checkAgainstFamilies(faults, path, spec);
  checkPolicyAgainstCounts(faults, spec);
}

function checkFamilies(faults: Faults, spec: ServiceSpec): void {
  const seen = new Set<string>();
  (spec.ipFamilies ?? []).forEach((family, index) => {
    const path = `spec.ipFamilies[${index}]`;
    faults.oneOf(path, family, ["IPv4", "IPv6"]);
    if (seen.has(family)) faults.duplicate(path, family);
    seen.add(family);
  });
  faults.oneOf("spec.ipFamilyPolicy", spec.ipFamilyPolicy, familyPolicies);
}

/** Whether every cluster IP could be read. */
function checkEach(faults: Faults, path: string, ips: readonly string[]): boolean {
  let readable = true;
  ips.forEach((ip, index) => {
    if (index === 0 && ip === "None") {
      if (ips.length > 1) faults.invalid(path, ips, "'None' must be the first and only value");
      readable &&= ips.length === 1;
    } else {
      readable = checkIp(faults, `${path}[${index}]`, ip) !== undefined && readable;
    }
  });
  return readable;
}

function isFamily6(text: string): boolean {
  return parseIpText(text)?.family === 6;
}

function checkAgainstFamilies(faults: Faults, path: string, spec: ServiceSpec): void {
  if (isHeadless(spec)) return;
  (spec.clusterIPs ?? []).forEach((ip, index) => {
    const family = spec.ipFamilies?.[index];
    const other = isFamily6(ip) ? "IPv4" : "IPv6";
    if (family === other) faults.invalid(`${path}[${index}]`, ip, `expected an ${family} value as indicated by \`ipFamilies[${index}]\``);
  });
}

/** Told by the allocator, before any address is taken. */
function checkPolicyAgainstCounts(faults: Faults, spec: ServiceSpec): void {
  if (spec.ipFamilyPolicy !== "SingleStack") return;
  const detail = "must be 'RequireDualStack' or 'PreferDualStack' when multiple";
  if ((spec.clusterIPs ?? []).length > 1) {
    faults.invalid("spec.ipFamilyPolicy", spec.ipFamilyPolicy, `${detail} cluster IPs are specified`);
  }
  if ((spec.ipFamilies ?? []).length > 1) {
    faults.invalid("spec.ipFamilyPolicy", spec.ipFamilyPolicy, `${detail} IP families are specified`);
  }
}
