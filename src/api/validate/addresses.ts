/* Address and CIDR fields. Read first: k8s.io/apimachinery pkg/util/validation/ip.go. */
import { type CidrText, type IpText, parseCidrText, parseIpText, specialRange } from "../ip-text.js";
import type { Faults } from "./faults.js";

/** An address field; odd forms are warned about, or refused when strict. */
export function checkIp(faults: Faults, path: string, text: string): IpText | undefined {
  const address = parseIpText(text);
  if (address === undefined) {
    faults.invalid(path, text, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    return undefined;
  }
  if (faults.strict && address.leadingZeros) faults.invalid(path, text, "must not have leading 0s");
  else if (faults.strict && address.mapped) faults.invalid(path, text, "must not be an IPv4-mapped IPv6 address");
  else warnIp(faults, path, text, address);
  return address;
}

/** Warns about an address field that is not checked otherwise. */
export function warnIp(faults: Faults, path: string, text: string, address: IpText): void {
  if (address.leadingZeros || address.mapped) {
    const words = `will be considered invalid in a future Kubernetes release: use "${address.canonical}"`;
    faults.warn(path, `non-standard IP address ${JSON.stringify(text)} ${words}`, `write ${address.canonical}`);
  } else if (address.family === 6 && address.canonical !== text) {
    const words = `should be in RFC 5952 canonical format ("${address.canonical}")`;
    faults.warn(path, `IPv6 address ${JSON.stringify(text)} ${words}`, `write ${address.canonical}`);
  }
}

/** An address that other pods are to reach: an endpoint, an external IP. */
export function checkEndpointIp(faults: Faults, path: string, text: string): void {
  const address = parseIpText(text);
  if (address === undefined) {
    faults.invalid(path, text, "must be a valid IP address");
    return;
  }
  switch (specialRange(address)) {
    case "unspecified":
      faults.invalid(path, text, `may not be unspecified (${text})`);
      break;
    case "loopback":
      faults.invalid(path, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)");
      break;
    case "link-local":
      faults.invalid(path, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)");
      break;
    case "link-local-multicast":
      faults.invalid(path, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)");
      break;
    default:
  }
}

/** A CIDR field; odd forms are warned about, or refused when strict. */
export function checkCidr(faults: Faults, path: string, text: string): CidrText | undefined {
  const cidr = parseCidrText(text);
  if (cidr === undefined) {
    faults.invalid(path, text, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)");
    return undefined;
  }
  if (faults.strict) refuseOddCidr(faults, path, text, cidr);
  else warnOddCidr(faults, path, text, cidr);
  return cidr;
}

function refuseOddCidr(faults: Faults, path: string, text: string, cidr: CidrText): void {
  if (cidr.leadingZeros) faults.invalid(path, text, "must not have leading 0s in IP or prefix length");
  else if (cidr.address.mapped) faults.invalid(path, text, "must not have an IPv4-mapped IPv6 address");
  if (cidr.hostBits) faults.invalid(path, text, "must not have bits set beyond the prefix length");
}

function warnOddCidr(faults: Faults, path: string, text: string, cidr: CidrText): void {
  const quoted = JSON.stringify(text);
  const fix = `write ${cidr.canonical}`;
  const odd = cidr.leadingZeros || cidr.address.mapped;
  if (cidr.hostBits) {
    const single = `${cidr.address.canonical}/${cidr.address.bytes.length * 8}`;
    faults.warn(path, `CIDR value ${quoted} is ambiguous in this context (should be "${cidr.canonical}" or "${single}"?)`, fix);
  }
  if (odd) {
    const words = `will be considered invalid in a future Kubernetes release: use "${cidr.canonical}"`;
    faults.warn(path, `non-standard CIDR value ${quoted} ${words}`, fix);
  }
  if (!odd && !cidr.hostBits && cidr.address.family === 6 && cidr.canonical !== text) {
    faults.warn(path, `IPv6 CIDR value ${quoted} should be in RFC 5952 canonical format ("${cidr.canonical}")`, fix);
  }
}
