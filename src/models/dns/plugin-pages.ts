/** The web ports of CoreDNS's plugins (health, ready, prometheus): one page each, and Go's 404 for all else. */
import type { AppEvent } from "../../linux/sock/app-event.js";
import type { AppDoor } from "../../linux/sock/app.js";

/** Body by path, by port. */
export type WebPages = Readonly<Record<number, Readonly<Record<string, string>>>>;

/** Listeners and the connections that came to them, each by its row with its port. */
export interface Web {
  readonly listeners: Readonly<Record<number, number>>;
  readonly visitors: Readonly<Record<number, number>>;
}

/** Listens on the ports of the pages at an address (0: any); a port that is taken stays as it is. */
export function openWeb(door: AppDoor, addr: number, pages: WebPages): Web {
  const listeners: Record<number, number> = {};
  for (const port of Object.keys(pages).map(Number)) {
    const row = door.tcpListen(addr, port);
    if (row > 0) listeners[row] = port;
  }
  return { listeners, visitors: {} };
}

/** Notes a connection that came to one of the ports. */
export function welcome(web: Web, { listener, sock }: Extract<AppEvent, { kind: "accepted" }>): Web {
  const port = web.listeners[listener];
  return port === undefined ? web : { ...web, visitors: { ...web.visitors, [sock]: port } };
}

/** Forgets a connection that has gone. */
export function farewell(web: Web, sock: number): Web {
  if (!Object.hasOwn(web.visitors, sock)) return web;
  const { [sock]: _, ...visitors } = web.visitors;
  return { ...web, visitors };
}

/** Answers a request, where the connection is one of the web ports. */
export function answerVisitor(door: AppDoor, web: Web, pages: WebPages, event: Extract<AppEvent, { kind: "data" }>): boolean {
  const port = web.visitors[event.sock];
  if (port === undefined) return false;
  const path = /^[A-Z]+ ([^\s?]+)/.exec(door.text(event))?.[1] ?? "";
  const found = Object.hasOwn(pages[port]!, path);
  const body = found ? pages[port]![path]! : "404 page not found\n";
  const head = [
    `HTTP/1.1 ${found ? "200 OK" : "404 Not Found"}`,
    "Content-Type: text/plain; charset=utf-8",
    ...(found ? [] : ["X-Content-Type-Options: nosniff"]),
    `Content-Length: ${body.length}`,
  ];
  door.tcpSend(event.sock, new TextEncoder().encode(`${head.join("\r\n")}\r\n\r\n${body}`));
  return true;
}
