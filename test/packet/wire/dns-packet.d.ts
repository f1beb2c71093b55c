// dns-packet ships no types; these are the two functions that the tests compare with.
declare module "dns-packet" {
  export function encode(packet: Readonly<Record<string, unknown>>): Uint8Array;
  export function decode(bytes: Uint8Array): Record<string, unknown>;
}
