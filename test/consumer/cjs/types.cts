// Type checked under module node16: each door's declarations are found from CommonJS.
import type facade = require("podwire");
import type linux = require("podwire/linux");
import type models = require("podwire/models");
import type observe = require("podwire/observe");
import type packet = require("podwire/packet");
import type policy = require("podwire/policy");
import type testing = require("podwire/testing");

export type Doors = [keyof typeof facade, keyof typeof linux, keyof typeof models, keyof typeof observe, keyof typeof packet, keyof typeof policy, keyof typeof testing];
