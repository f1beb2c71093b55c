/** Which devices a `show` is about. */
import { type Cidr, parseCidr } from "../../base/cidr.js";
import { deviceByName, devicesOf } from "../../linux/device.js";
import { isUp } from "../../linux/device.js";
import { Ended, NotModelled } from "../output.js";
import type { Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { kindText } from "./device-text.js";

export interface DeviceFilter {
  readonly devices: readonly number[];
  /** one was named, so its absence is an error and its line stands alone */
  readonly named: boolean;
  readonly scope: string;
  /** addresses asked for by `to`, null without it */
  readonly to: Cidr | null;
}

/** Reads `[dev] NAME`, `up`, `master BR`, `type KIND`, `scope S`, `to PREFIX`. */
export function devicesWanted(place: Place, reader: WordReader): DeviceFilter {
  const { s, ns } = place;
  let devices = devicesOf(s, ns);
  let named = false;
  let scope = "";
  let to: Cidr | null = null;
  while (!reader.done) {
    const word = reader.take();
    if (word === "up") devices = devices.filter((dev) => isUp(s, dev));
    else if (word === "master") {
      const master = findDevice(place, reader.argument());
      devices = devices.filter((dev) => s.dev.c.master[dev] === master);
    } else if (word === "type") {
      const kind = reader.argument();
      devices = devices.filter((dev) => kindText(s, dev) === kind);
    } else if (word === "scope") scope = reader.argument();
    else if (word === "to") to = prefixOf(reader.argument());
    else if (word === "label" || word === "vrf" || word === "nomaster" || word === "group") throw new NotModelled(`ip addr show ${word}`);
    else {
      const name = word === "dev" ? reader.argument() : word;
      if (deviceByName(s, ns, name) === 0) throw new Ended(1, `Device "${name}" does not exist.`);
      devices = devices.filter((dev) => dev === deviceByName(s, ns, name));
      named = true;
    }
  }
  return { devices, named, scope, to };
}

/** The row of a device, or the tool's end. */
export function findDevice({ s, ns }: Place, name: string): number {
  const dev = deviceByName(s, ns, name);
  if (dev === 0) throw new Ended(1, `Cannot find device "${name}"`);
  return dev;
}

/** A prefix of either family in text, an address being one of all its bits; or the tool's end. */
export function prefixOf(text: string): Cidr {
  const cidr = parseCidr(text.includes("/") ? text : `${text}/${text.includes(":") ? 128 : 32}`);
  if (cidr === null) throw new Ended(1, `Error: any valid prefix is expected rather than "${text}".`);
  return cidr;
}
