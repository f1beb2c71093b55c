import type { DnsMessage } from "../../packet/wire/dns.js";

/** Who asked what: by UDP from an address and port, by TCP on a connection. */
export interface Asker {
  readonly query: DnsMessage;
  /** 0 over UDP */
  readonly tcp: number;
  readonly addr: number;
  readonly port: number;
}
