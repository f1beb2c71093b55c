/** DNS over a stream: every message has its length in two bytes in front of it (RFC 1035 4.2.2). */

/** A message as it goes into the stream. */
export function dnsFrame(message: Uint8Array): Uint8Array {
  const out = new Uint8Array(message.length + 2);
  out[0] = message.length >> 8;
  out[1] = message.length & 255;
  out.set(message, 2);
  return out;
}

/** The whole messages in what has come so far, and what is left for the next. */
export function takeFrames(before: Uint8Array, more: Uint8Array): { readonly messages: readonly Uint8Array[]; readonly rest: Uint8Array } {
  const all = new Uint8Array(before.length + more.length);
  all.set(before);
  all.set(more, before.length);
  const messages: Uint8Array[] = [];
  let at = 0;
  while (at + 2 <= all.length) {
    const end = at + 2 + ((all[at]! << 8) | all[at + 1]!);
    if (end > all.length) break;
    messages.push(all.slice(at + 2, end));
    at = end;
  }
  return { messages, rest: all.slice(at) };
}
