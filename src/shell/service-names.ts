/** Names of ports as /etc/services of Debian 12 has them, for tools that print names: the ports that clusters use. */
const BOTH: Readonly<Record<number, string>> = Object.freeze({
  7: "echo", 9: "discard", 13: "daytime", 19: "chargen", 37: "time", 49: "tacacs", 53: "domain", 88: "kerberos", 111: "sunrpc", 161: "snmp", 162: "snmp-trap", 389: "ldap", 427:
  "svrloc", 443: "https", 554: "rtsp", 636: "ldaps", 853: "domain-s", 1194: "openvpn", 1812: "radius", 1813: "radius-acct", 2049: "nfs", 3205: "isns", 5060: "sip", 5061: "sip-tls",
});
const TCP: Readonly<Record<number, string>> = Object.freeze({
  20: "ftp-data", 21: "ftp", 22: "ssh", 23: "telnet", 25: "smtp", 43: "whois", 70: "gopher", 79: "finger", 80: "http", 110: "pop3", 113: "auth", 119: "nntp", 135: "epmap", 139:
  "netbios-ssn", 143: "imap2", 179: "bgp", 444: "snpp", 445: "microsoft-ds", 465: "submissions", 512: "exec", 513: "login", 514: "shell", 515: "printer", 543: "klogin", 587:
  "submission", 631: "ipp", 873: "rsync", 989: "ftps-data", 990: "ftps", 992: "telnets", 993: "imaps", 995: "pop3s", 1080: "socks", 1433: "ms-sql-s", 3306: "mysql", 3389:
  "ms-wbt-server", 3690: "svn", 5222: "xmpp-client", 5269: "xmpp-server", 5432: "postgresql", 5671: "amqps", 5672: "amqp", 6000: "x11", 6379: "redis", 8080: "http-alt", 8081:
  "tproxy", 8140: "puppet", 9418: "git", 10050: "zabbix-agent", 10051: "zabbix-trapper",
});
const UDP: Readonly<Record<number, string>> = Object.freeze({
  21: "fsp", 67: "bootps", 68: "bootpc", 69: "tftp", 123: "ntp", 137: "netbios-ns", 138: "netbios-dgm", 177: "xdmcp", 500: "isakmp", 512: "biff", 513: "who", 514: "syslog", 517:
  "talk", 520: "route", 546: "dhcpv6-client", 547: "dhcpv6-server", 4500: "ipsec-nat-t", 5353: "mdns",
});

/** `http` of 80; the number itself where it has no name. */
export function serviceName(port: number, protocol: "tcp" | "udp"): string {
  return (protocol === "udp" ? UDP[port] : TCP[port]) ?? BOTH[port] ?? String(port);
}

/** 80 of `http`; undefined where nothing has that name. */
export function servicePort(name: string): number | undefined {
  const found = [BOTH, TCP, UDP].flatMap((names) => Object.entries(names)).find(([, known]) => known === name);
  return found === undefined ? undefined : Number(found[0]);
}
