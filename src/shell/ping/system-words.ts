import { ERRNO, errnoName } from "../../linux/errno.js";

const WORDS: Readonly<Record<number, string>> = Object.freeze({
  [ERRNO.EPERM]: "Operation not permitted",
  [ERRNO.EACCES]: "Permission denied",
  [ERRNO.EINVAL]: "Invalid argument",
  [ERRNO.EMSGSIZE]: "Message too long",
  [ERRNO.EADDRINUSE]: "Address already in use",
  [ERRNO.EADDRNOTAVAIL]: "Cannot assign requested address",
  [ERRNO.ENETDOWN]: "Network is down",
  [ERRNO.ENETUNREACH]: "Network is unreachable",
  [ERRNO.ENOBUFS]: "No buffer space available",
  [ERRNO.ECONNRESET]: "Connection reset by peer",
  [ERRNO.ETIMEDOUT]: "Connection timed out",
  [ERRNO.ECONNREFUSED]: "Connection refused",
  [ERRNO.EHOSTUNREACH]: "No route to host",
  [ERRNO.EPIPE]: "Broken pipe",
  [ERRNO.EPROTO]: "Protocol error",
});

/** What strerror(3) of glibc says. */
export function systemWords(errno: number): string {
  return WORDS[errno] ?? errnoName(errno);
}
