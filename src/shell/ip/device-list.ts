/** Which devices a `show` is about. */
import { deviceByName, devicesOf } from "../../linux/device.js";
import { isUp } from "../../linux/device.js";
import { Ended } from "../output.js";
import type { Place } from "../place.js";
import type { WordReader } from "../word-reader.js";
import { kindText } from "./device-text.js";

export interface DeviceFilter {
  readonly devices: readonly number[];
  /** one was named, so its absence is an error and its line stands alone */
  readonly named: boolean;
  readonly scope: string;
}

/** Reads `[dev] NAME`, `up`, `master BR`, `type KIND`, `scope S`. */
export function devicesWanted(place: Place, reader: WordReader): DeviceFilter {
  const { s, ns } = place;
  let devices = devicesOf(s, ns);
  let named = false;
  let scope = "";
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
    else {
      const name = word === "dev" ? reader.argument() : word;
      if (deviceByName(s, ns, name) === 0) throw new Ended(1, `Device "${name}" does not exist.`);
      devices = devices.filter((dev) => dev === deviceByName(s, ns, name));
      named = true;
    }
  }
  return { devices, named, scope };
}

/** The row of a device, or the tool's end. */
export function findDevice({ s, ns }: Place, name: string): number {
  const dev = deviceByName(s, ns, name);
  if (dev === 0) throw new Ended(1, `Cannot find device "${name}"`);
  return dev;
}
