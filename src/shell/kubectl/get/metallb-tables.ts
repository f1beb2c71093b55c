/** MetalLB's resources, in the columns that their definitions ask for (`+kubebuilder:printcolumn`); lists as JSON, as kubectl shows them. */
import type { BGPAdvertisement, BGPPeer, IPAddressPool, L2Advertisement } from "../../../api/index.js";
import type { TableKind } from "./table.js";

const asJson = (value: unknown): string => (value === undefined ? "" : JSON.stringify(value));

export const ipAddressPoolTable: TableKind<IPAddressPool> = {
  columns: ["Name", "Auto Assign", "Avoid Buggy IPs", "Addresses"],
  cells: ({ metadata, spec }) => [metadata.name, String(spec.autoAssign ?? true), String(spec.avoidBuggyIPs ?? false), asJson(spec.addresses)],
};

export const l2AdvertisementTable: TableKind<L2Advertisement> = {
  columns: ["Name", "IPAddressPools", "IPAddressPool Selectors", "Interfaces"],
  cells: ({ metadata, spec = {} }) => [metadata.name, asJson(spec.ipAddressPools), asJson(spec.ipAddressPoolSelectors), ""],
};

export const bgpAdvertisementTable: TableKind<BGPAdvertisement> = {
  columns: ["Name", "IPAddressPools", "IPAddressPool Selectors", "Peers"],
  cells: ({ metadata, spec = {} }) => [metadata.name, asJson(spec.ipAddressPools), asJson(spec.ipAddressPoolSelectors), asJson(spec.peers)],
};

export const bgpPeerTable: TableKind<BGPPeer> = {
  columns: ["Name", "Address", "ASN", "BFD Profile", "Multi Hops"],
  cells: ({ metadata, spec }) => [metadata.name, spec.peerAddress ?? "", spec.peerASN === undefined ? "" : String(spec.peerASN), "", spec.ebgpMultiHop === undefined ? "" : String(spec.ebgpMultiHop)],
};
