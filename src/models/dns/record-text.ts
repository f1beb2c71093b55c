/** Records and types in the words of dig and nslookup. */
import { type DnsRecord, DNS_TYPE } from "../../packet/wire/dns-record.js";

export const RCODE_WORDS: readonly string[] = Object.freeze(["NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"]);

/** `A`, `SRV`, `TYPE257` of a number. */
export function typeWord(type: number): string {
  return Object.entries(DNS_TYPE).find(([, number]) => number === type)?.[0] ?? (type === 15 ? "MX" : type === 255 ? "ANY" : `TYPE${type}`);
}

/** The number of a type's word without case, or undefined. */
export function typeNumber(word: string): number | undefined {
  const upper = word.toUpperCase();
  if (upper === "MX") return 15;
  if (upper === "ANY") return 255;
  return upper !== "OPT" && Object.hasOwn(DNS_TYPE, upper) ? DNS_TYPE[upper as keyof typeof DNS_TYPE] : undefined;
}

/** A name with the dot at its end. */
export const rooted = (name: string): string => (name.endsWith(".") ? name : `${name}.`);

/** The data of a record as master files write it. */
export function dataText(record: DnsRecord): string {
  switch (record.type) {
    case "A":
    case "AAAA":
      return record.address;
    case "NS":
    case "CNAME":
    case "PTR":
      return rooted(record.target);
    case "SRV":
      return `${record.priority} ${record.weight} ${record.port} ${rooted(record.target)}`;
    case "SOA":
      return `${rooted(record.primary)} ${rooted(record.mailbox)} ${record.serial} ${record.refresh} ${record.retry} ${record.expire} ${record.minimum}`;
    case "TXT":
      return record.texts.map((text) => `"${text}"`).join(" ");
    case "other":
      return `\\# ${record.data.length} ${[...record.data].map((byte) => byte.toString(16).padStart(2, "0")).join("").toUpperCase()}`;
    default:
      return "";
  }
}

/** The name under in-addr.arpa or ip6.arpa that is about an address in canonical text. */
export function reverseName(address: string): string {
  if (!address.includes(":")) return `${address.split(".").reverse().join(".")}.in-addr.arpa`;
  const [head = "", tail] = address.split("::");
  const groups = (text: string): string[] => text.split(":").filter((group) => group !== "");
  const front = groups(head);
  const back = groups(tail ?? "");
  const all = tail === undefined ? front : [...front, ...Array.from({ length: 8 - front.length - back.length }, () => "0"), ...back];
  return `${[...all.map((group) => group.padStart(4, "0")).join("")].reverse().join(".")}.ip6.arpa`;
}
