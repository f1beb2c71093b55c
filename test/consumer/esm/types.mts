// Type checked under module node16 and bundler: each door's declarations are found from an ES module.
import type * as facade from "podwire";
import type * as linux from "podwire/linux";
import type * as models from "podwire/models";
import type * as observe from "podwire/observe";
import type * as packet from "podwire/packet";
import type * as policy from "podwire/policy";
import type * as testing from "podwire/testing";

export type Doors = [keyof typeof facade, keyof typeof linux, keyof typeof models, keyof typeof observe, keyof typeof packet, keyof typeof policy, keyof typeof testing];
