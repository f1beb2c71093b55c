/** What nslookup prints of one answer: busybox 1.29 and later, and that of BIND. */
import { DNS_RCODE, type DnsMessage } from "../../packet/wire/dns.js";
import type { DnsRecord } from "../../packet/wire/dns-record.js";
import { dataText, RCODE_WORDS, rooted } from "./record-text.js";

export type NslookupForm = "busybox" | "bind";

/** The two lines about the server that answered, and the empty one. */
export function serverLines(address: string, form: NslookupForm): string[] {
  const host = form === "busybox" && address.includes(":") ? `[${address}]` : address;
  return [`Server:\t\t${address}`, `Address:\t${host}${form === "bind" ? "#" : ":"}53`, ""];
}

/** The lines of one reply (busybox nslookup.c, parse_reply; bind bin/dig/nslookup.c, printsection). */
export function replyLines(message: DnsMessage, asked: string, form: NslookupForm): string[] {
  if (message.rcode !== DNS_RCODE.NOERROR) return [`** server can't find ${asked}: ${RCODE_WORDS[message.rcode] ?? message.rcode}`];
  const records = message.answers.flatMap((record) => recordLines(record, form));
  return [...(message.authoritative || records.length === 0 ? [] : ["Non-authoritative answer:"]), ...records];
}

function recordLines(record: DnsRecord, form: NslookupForm): string[] {
  const name = "name" in record ? record.name : "";
  const target = (text: string): string => (form === "bind" ? rooted(text) : text);
  switch (record.type) {
    case "A":
    case "AAAA":
      return [`Name:\t${name}`, `Address: ${record.address}`];
    case "CNAME":
      return [`${name}\tcanonical name = ${target(record.target)}`];
    case "PTR":
      return [`${name}\tname = ${target(record.target)}`];
    case "NS":
      return [`${name}\tnameserver = ${target(record.target)}`];
    case "SRV":
      return [`${name}\tservice = ${record.priority} ${record.weight} ${record.port} ${target(record.target)}`];
    case "TXT":
      return record.texts.map((text) => `${name}\ttext = "${text}"`);
    case "SOA":
      return [`${name}`, `\torigin = ${record.primary}`, `\tmail addr = ${record.mailbox}`, `\tserial = ${record.serial}`, `\trefresh = ${record.refresh}`, `\tretry = ${record.retry}`, `\texpire = ${record.expire}`, `\tminimum = ${record.minimum}`];
    default:
      return [`${name}\t${dataText(record)}`];
  }
}
