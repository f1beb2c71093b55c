/* MetalLB's kinds. Read first: metallb internal/config/config.go (addressPoolFromCR, peerFromCR, bgpAdvertisementFromCR), internal/bgp/community. */
import { parseGoDuration } from "../go-duration.js";
import { parseCidrText, parseIpText } from "../ip-text.js";
import type { BGPAdvertisement, BGPPeer, BGPPeerSpec, Community, IPAddressPool, L2Advertisement, MetallbAdvertised } from "../metallb-api.js";
import { dnsSubdomainFaults } from "../names.js";
import type { Faults } from "./faults.js";
import { checkObjectMeta } from "./meta.js";

const MOST_AS = 2 ** 32 - 1;
/** Fields that are read and not followed. */
const PEER_NOT_MODELLED = ["interface", "password", "passwordSecret", "bfdProfile", "vrf", "dualStackAddressFamily", "localASN"] as const;

export function checkIpAddressPool(faults: Faults, { metadata, spec }: IPAddressPool): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  if (spec.addresses.length === 0) faults.invalid("spec.addresses", [], "pool has no prefixes defined");
  spec.addresses.forEach((text, i) => {
    const fault = rangeFault(text);
    if (fault !== null) faults.invalid(`spec.addresses[${i}]`, text, fault);
  });
  if ("serviceAllocation" in spec) faults.add("not-modelled", "spec.serviceAllocation", "Forbidden", "pools for some namespaces or Services alone are not modelled");
}

/** What is wrong with a CIDR or a range, null for nothing. */
function rangeFault(text: string): string | null {
  const [first = "", last] = text.split("-").map((each) => each.trim());
  if (last === undefined) return parseCidrText(first) === undefined ? `invalid CIDR "${text}"` : null;
  const [from, to] = [parseIpText(first), parseIpText(last)];
  if (from === undefined) return `invalid IP range "${text}": invalid start IP "${first}"`;
  if (to === undefined) return `invalid IP range "${text}": invalid end IP "${last}"`;
  return null;
}

export function checkL2Advertisement(faults: Faults, { metadata, spec = {} }: L2Advertisement): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  checkAdvertised(faults, spec);
  for (const field of ["interfaces", "preferredNodeSelectors"]) if (field in spec) faults.add("not-modelled", `spec.${field}`, "Forbidden", `${field} of an L2Advertisement are not modelled`);
}

export function checkBgpAdvertisement(faults: Faults, { metadata, spec = {} }: BGPAdvertisement): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  checkAdvertised(faults, spec);
  const { aggregationLength = 32, localPref = 0, communities = [], peers = [], serviceSelectors = [] } = spec;
  if (aggregationLength < 1) faults.invalid("spec.aggregationLength", aggregationLength, "spec.aggregationLength in body should be greater than or equal to 1");
  else if (aggregationLength > 32) faults.invalid("spec.aggregationLength", aggregationLength, `invalid aggregation length ${aggregationLength} for IPv4`);
  if (serviceSelectors.length > 0 && aggregationLength !== 32) faults.invalid("spec.serviceSelectors", "", `serviceSelectors and aggregationLength are mutually exclusive, both cannot be set in ${metadata.name}`);
  if (localPref < 0 || localPref > MOST_AS) faults.invalid("spec.localPref", localPref, `must be between 0 and ${MOST_AS}, inclusive`);
  checkTwice(faults, "spec.communities", communities, "community");
  checkTwice(faults, "spec.peers", peers, "peers");
  communities.forEach((text, i) => {
    if (text.includes(":")) checkCommunityValue(faults, `spec.communities[${i}]`, text);
  });
}

function checkAdvertised(faults: Faults, { ipAddressPools = [] }: MetallbAdvertised): void {
  checkTwice(faults, "spec.ipAddressPools", ipAddressPools, "ipAddressPools");
}

function checkTwice(faults: Faults, path: string, values: readonly string[], what: string): void {
  values.forEach((value, i) => {
    if (values.indexOf(value) !== i) faults.invalid(`${path}[${i}]`, value, `duplicate definition of ${what} "${value}"`);
  });
}

/** `64512:100` of two 16-bit numbers, or `large:` and three of 32 bits. */
function checkCommunityValue(faults: Faults, path: string, text: string): void {
  const large = text.startsWith("large:");
  const parts = (large ? text.slice("large:".length) : text).split(":");
  const most = large ? MOST_AS : 65535;
  const right = parts.length === (large ? 3 : 2) && parts.every((part) => /^[0-9]+$/.test(part) && Number(part) <= most);
  if (!right) faults.invalid(path, text, `invalid community format: ${text}`);
}

export function checkCommunity(faults: Faults, { metadata, spec = {} }: Community): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  const entries = spec.communities ?? [];
  checkTwice(faults, "spec.communities", entries.map(({ name }) => name), "community");
  entries.forEach(({ value }, i) => checkCommunityValue(faults, `spec.communities[${i}].value`, value));
}

export function checkBgpPeer(faults: Faults, { metadata, spec }: BGPPeer): void {
  checkObjectMeta(faults, metadata, true, dnsSubdomainFaults);
  checkNumbers(faults, spec);
  checkAddresses(faults, spec);
  checkTimers(faults, spec);
  if (spec.peerPort !== undefined && (spec.peerPort < 1 || spec.peerPort > 16384)) faults.invalid("spec.peerPort", spec.peerPort, "spec.peerPort in body should be between 1 and 16384");
  for (const field of PEER_NOT_MODELLED) if (field in spec) faults.add("not-modelled", `spec.${field}`, "Forbidden", `${field} of a BGPPeer is not modelled`);
}

function checkNumbers(faults: Faults, { myASN, peerASN = 0, dynamicASN = "", ebgpMultiHop = false }: BGPPeerSpec): void {
  if (myASN === 0) faults.required("spec.myASN", "missing local ASN");
  else if (myASN < 0 || myASN > MOST_AS) faults.invalid("spec.myASN", myASN, `must be between 0 and ${MOST_AS}, inclusive`);
  if (peerASN < 0 || peerASN > MOST_AS) faults.invalid("spec.peerASN", peerASN, `must be between 0 and ${MOST_AS}, inclusive`);
  if (peerASN === 0 && dynamicASN === "") faults.required("spec.peerASN", "missing peer ASN and dynamicASN");
  if (peerASN !== 0 && dynamicASN !== "") faults.invalid("spec.dynamicASN", dynamicASN, "both peer ASN and dynamicASN specified");
  if (dynamicASN !== "" && dynamicASN !== "internal" && dynamicASN !== "external") faults.unsupported("spec.dynamicASN", dynamicASN, ["internal", "external"]);
  if (dynamicASN === "external") faults.add("not-modelled", "spec.dynamicASN", "Forbidden", "dynamicASN external is not modelled");
  if (peerASN === myASN && ebgpMultiHop) faults.invalid("spec.ebgpMultiHop", true, "invalid ebgp-multihop parameter set for an ibgp peer");
}

function checkAddresses(faults: Faults, { peerAddress = "", sourceAddress, routerID, ...more }: BGPPeerSpec): void {
  if (peerAddress === "") {
    if (!("interface" in more)) faults.required("spec.peerAddress", "peer has no Address or Interface specified");
  } else if (parseIpText(peerAddress) === undefined) faults.invalid("spec.peerAddress", peerAddress, `invalid BGPPeer address "${peerAddress}"`);
  if (sourceAddress !== undefined && parseIpText(sourceAddress) === undefined) faults.invalid("spec.sourceAddress", sourceAddress, `invalid source IP "${sourceAddress}"`);
  if (routerID !== undefined && parseIpText(routerID) === undefined) faults.invalid("spec.routerID", routerID, `invalid router ID "${routerID}"`);
}

function checkTimers(faults: Faults, spec: BGPPeerSpec): void {
  const [hold, keepalive, connect] = (["holdTime", "keepaliveTime", "connectTime"] as const).map((field) => {
    const text = spec[field];
    if (text === undefined) return undefined;
    const seconds = parseGoDuration(text);
    if (seconds === null) faults.invalid(`spec.${field}`, text, `time: invalid duration "${text}"`);
    return seconds ?? undefined;
  });
  if ((spec.holdTime === undefined) !== (spec.keepaliveTime === undefined)) faults.invalid("spec.holdTime", spec.holdTime ?? "", "one of KeepaliveTime/HoldTime specified, both must be set or none");
  if (hold !== undefined && Math.floor(hold) !== 0 && hold < 3) faults.invalid("spec.holdTime", spec.holdTime!, `invalid hold time "${spec.holdTime!}": must be 0 or >=3s`);
  if (hold !== undefined && keepalive !== undefined && keepalive > hold) faults.invalid("spec.keepaliveTime", spec.keepaliveTime!, `invalid keepaliveTime "${spec.keepaliveTime!}", must be lower than holdTime "${spec.holdTime!}"`);
  if (connect !== undefined && (connect < 1 || connect > 65535)) faults.invalid("spec.connectTime", spec.connectTime!, "connect time should be between 1 seconds to 65535");
}
