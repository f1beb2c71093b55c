/** What a program can hear: plain records. A payload is a handle with offset and length into the world's payloads. */
export type AppEvent =
  | { readonly kind: "start"; readonly args: Readonly<Record<string, unknown>> }
  /** a timer it has set; `word` is its own */
  | { readonly kind: "timer"; readonly word: number }
  | { readonly kind: "datagram"; readonly sock: number; readonly from: number; readonly port: number; readonly payload: number; readonly off: number; readonly len: number }
  /** an answer to its echo request */
  | { readonly kind: "echo"; readonly sock: number; readonly from: number; readonly sequence: number; readonly ttl: number; readonly len: number }
  | { readonly kind: "connected"; readonly sock: number }
  | { readonly kind: "accepted"; readonly sock: number; readonly listener: number }
  | { readonly kind: "data"; readonly sock: number; readonly payload: number; readonly off: number; readonly len: number }
  /** a raw socket: a segment that no connection took */
  | { readonly kind: "segment"; readonly sock: number; readonly from: number; readonly port: number; readonly flags: number }
  /** a packet socket: an ARP packet */
  | { readonly kind: "arp"; readonly sock: number; readonly reply: boolean; readonly from: number; readonly target: number; readonly mac: number; readonly broadcast: boolean }
  /** the peer has closed its side */
  | { readonly kind: "end"; readonly sock: number }
  /** the socket is gone; errno 0 after an orderly close */
  | { readonly kind: "closed"; readonly sock: number; readonly errno: number }
  /** a link or an address of its namespace has changed; heard by those who watch */
  | { readonly kind: "link" }
  /** the routes of one prefix have changed; `dst` is the prefix as text */
  | { readonly kind: "route"; readonly family: number; readonly table: number; readonly dst: string }
  /** an ICMP error about a datagram or an echo: errno, who said so, the sequence number of the echo (else a destination port), and whether it quotes a piece of a longer packet */
  | { readonly kind: "error"; readonly sock: number; readonly errno: number; readonly from: number; readonly type: number; readonly code: number; readonly info: number; readonly sequence: number; readonly piece: boolean };
