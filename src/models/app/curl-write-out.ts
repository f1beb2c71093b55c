/** What `-w` of curl prints: its variables, %% and the escapes of its format. */
import { SECOND } from "../../base/time.js";
import type { CurlUrl, CurlWords } from "./curl-words.js";

/** A transfer that is over; times in ns. */
export interface CurlTransfer {
  readonly reply: string;
  readonly url: CurlUrl | null;
  readonly words: CurlWords;
  readonly code: number;
  readonly message: string;
  readonly connected: boolean;
  readonly address: string;
  readonly localAddress: string;
  readonly localPort: number;
  readonly lookedUp: number;
  readonly connectTime: number;
  readonly firstByte: number;
  readonly total: number;
}

const ESCAPES: Readonly<Record<string, string>> = Object.freeze({ n: "\n", t: "\t", r: "\r" });

export function curlWriteOut(format: string, transfer: CurlTransfer): string {
  const values = variablesOf(transfer);
  let unknown = "";
  const text = format
    .replace(/%%|%\{([^}]*)\}|\\([a-z\\])/g, (whole, name: string | undefined, letter: string | undefined) => {
      if (whole === "%%") return "%";
      if (letter !== undefined) return ESCAPES[letter] ?? whole;
      if (Object.hasOwn(values, name ?? "")) return values[name!]!;
      unknown += `curl: unknown --write-out variable: '${name ?? ""}'\n`;
      return "";
    });
  return unknown + text;
}

function variablesOf({ reply, url, words, code, message, connected, address, localAddress, localPort, lookedUp, connectTime, firstByte, total }: CurlTransfer): Readonly<Record<string, string>> {
  const status = /^HTTP\/(1\.[01]) (\d{3})/.exec(reply);
  const at = reply.indexOf("\r\n\r\n");
  const head = at < 0 ? "" : reply.slice(0, at + 4);
  const bytes = (text: string): string => String(new TextEncoder().encode(text).length);
  const time = (ns: number): string => (ns / SECOND).toFixed(6);
  const statusText = status?.[2] ?? "000";
  return {
    http_code: statusText,
    response_code: statusText,
    http_version: status?.[1] ?? "0",
    http_connect: "000",
    remote_ip: connected ? address : "",
    remote_port: connected ? String(url?.port ?? 0) : "0",
    local_ip: localAddress,
    local_port: String(localPort),
    size_download: at < 0 || words.head ? "0" : bytes(reply.slice(at + 4)),
    size_header: bytes(head),
    size_upload: bytes(words.data ?? ""),
    num_connects: connected ? "1" : "0",
    num_redirects: "0",
    num_headers: String(Math.max(0, head.split("\r\n").length - 3)),
    url: words.urls[0] ?? "",
    url_effective: url?.effective ?? "",
    method: words.method !== "" ? words.method : words.head ? "HEAD" : words.data !== null ? "POST" : "GET",
    scheme: url === null ? "" : url.scheme.toUpperCase(),
    exitcode: String(code),
    errormsg: message,
    content_type: /^content-type: *([^\r\n]*)/im.exec(head)?.[1] ?? "",
    redirect_url: "",
    ssl_verify_result: "0",
    time_namelookup: time(lookedUp),
    time_connect: time(connectTime),
    time_appconnect: time(0),
    time_pretransfer: time(connectTime),
    time_redirect: time(0),
    time_starttransfer: time(firstByte),
    time_total: time(total),
  };
}
