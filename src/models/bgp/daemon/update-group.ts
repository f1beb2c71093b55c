/**
 * What peers that are alike have in common within one event: BIRD makes it for each of them, FRR once for an update group. Here it is
 * made once too, so that a reflector's next client costs it no more than a copy.
 */
import type { BgpAttributes } from "../../../packet/wire/bgp-attributes.js";
import type { BgpConfig } from "../config/config.js";
import type { BirdRoute } from "../route.js";

/** What a peer has just been told of a route: others that are alike hear the same. */
export interface Told {
  readonly route: BirdRoute;
  readonly config: BgpConfig;
  readonly nextHop: string;
  readonly nextHopLocal: string | undefined;
  readonly attributes: BgpAttributes;
}

/** UPDATE messages with one record of attributes, as a session with or without four-octet AS numbers sends them. */
export interface MadeUpdates {
  readonly as4: boolean;
  /** the prefixes, in the order in which they go out */
  readonly nets: string;
  readonly messages: readonly Uint8Array[];
}
