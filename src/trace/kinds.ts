/**
 * The steps that a trace can hold, a closed list with stable numbers: new ones go to the end. `a` and `b` are what the step
 * is about, int32 each; handles of addresses, rows of devices and tables, or plain numbers as said for each.
 */
const steps = [
  ["NONE", "no step"],
  ["DEVICE_IN", "a frame arrives at the device"],
  ["DEVICE_OUT", "a frame leaves through the device"],
  ["LINK", "a link takes the frame; a: delay in ns, b: bytes"],
  ["BRIDGE_LEARN", "a bridge learns a source MAC; a: port device"],
  ["BRIDGE_FORWARD", "a bridge forwards to the one port it knows; a: port device"],
  ["BRIDGE_FLOOD", "a bridge sends to all ports; a: number of copies"],
  ["BRIDGE_UP", "a bridge hands the frame to its own machine"],
  ["ROUTE", "a route is chosen; a: route row or id, b: address handle of the next hop, 0 when on the link"],
  ["ROUTE_LOCAL", "the destination is this machine; a: route row or id"],
  ["NO_ROUTE", "no route matches"],
  ["NEIGHBOUR", "the next hop's MAC is known; a: address handle"],
  ["NEIGHBOUR_WAIT", "the packet waits for the next hop's MAC; a: address handle"],
  ["NEIGHBOUR_FAILED", "the next hop did not answer; a: address handle"],
  ["ARP_REQUEST", "an ARP request is sent; a: address handle asked for"],
  ["ARP_REPLY", "an ARP reply is sent; a: address handle answered for"],
  ["ARP_LEARN", "an ARP packet updates a neighbour; a: address handle"],
  ["HOOK", "a netfilter hook begins; a: hook number, b: table"],
  ["CHAIN_ENTER", "a chain begins; a: rule place (linux/nf/rule-places), b: output device"],
  ["CHAIN_RETURN", "a chain ends at its end; a: rule place, b: output device"],
  ["CHAIN_POLICY", "a base chain's policy decides; a: rule place, b: output device"],
  ["RULE", "a rule matches; a: rule place, b: output device"],
  ["VERDICT", "netfilter's verdict at a hook; a: verdict, b: cause"],
  ["MARK", "the packet's mark is set; a: mark, b: mark before"],
  ["SET_MATCH", "an ipset or nft set is asked; a: set id, b: 1 if found"],
  ["CT_NEW", "connection tracking makes an entry; a: conntrack row"],
  ["CT_HIT", "connection tracking finds an entry; a: conntrack row, b: ctinfo"],
  ["CT_CONFIRM", "the entry is confirmed; a: conntrack row"],
  ["CT_INVALID", "connection tracking refuses the packet"],
  ["CT_UNTRACKED", "the packet is not tracked"],
  ["NAT_SOURCE", "the source is rewritten; a: address handle, b: port"],
  ["NAT_DESTINATION", "the destination is rewritten; a: address handle, b: port"],
  ["ENCAP", "the packet is put into a tunnel; a: VNI or a number of TUNNEL, b: address handle of the remote"],
  ["DECAP", "the packet is taken out of a tunnel; a: VNI or a number of TUNNEL"],
  ["TTL", "the TTL is lowered; a: new TTL"],
  ["FRAGMENT", "the packet is cut; a: number of fragments"],
  ["REASSEMBLE", "fragments are put together; a: number of fragments"],
  ["DELIVER", "a socket takes the packet; a: socket row"],
  ["SEND", "a socket sends the packet; a: socket row"],
  ["CLONE", "a copy with an identity of its own; a: row of the packet copied"],
  ["DROP", "the packet ends; a: DROP number, b: cause"],
  ["ICMP_ERROR", "an ICMP error is sent because of the packet; a: type, b: code"],
  ["TCP_RESET", "a TCP RST is sent because of the packet; a: cause"],
  ["APP", "a program does something; a: program's event, b: its argument"],
  ["CONSUMED", "the kernel itself takes the packet: an echo answered, an ARP packet handled"],
  ["IPVS_NEW", "IPVS makes a connection; a: cause of the virtual server, b: scheduler"],
  ["IPVS_HIT", "IPVS finds the packet's connection; a: cause of the real server"],
  ["IPVS_NO_SERVER", "a virtual server has no real server to give; a: cause of the virtual server, b: scheduler"],
] as const;

/** Tunnels without a VNI, as steps name them. */
export const TUNNEL = Object.freeze({ ipip: -1, wireguard: -2 } as const);

type StepWord = (typeof steps)[number][0];

/** Numbers of step kinds by word. */
export const STEP: Readonly<Record<StepWord, number>> = Object.freeze(
  Object.fromEntries(steps.map(([word], number) => [word, number])) as Record<StepWord, number>,
);

/** Word and meaning of step kinds by number. */
export const STEP_KINDS: readonly { readonly word: string; readonly meaning: string }[] = Object.freeze(
  steps.map(([word, meaning]) => Object.freeze({ word, meaning })),
);
