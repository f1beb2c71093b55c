/** What speakers tell each other in their OPENs (RFC 5492; multiprotocol RFC 4760, graceful restart RFC 4724, several paths RFC 7911). */
import { AFI4, AFI6, type BgpCapability, UNICAST } from "../../../packet/wire/bgp.js";
import type { BgpConfig } from "../config/config.js";

const AFI: Readonly<Record<4 | 6, number>> = Object.freeze({ 4: AFI4, 6: AFI6 });
const u16 = (n: number): number[] => [(n >>> 8) & 255, n & 255];
const u32 = (n: number): number[] => [...u16(n >>> 16), ...u16(n)];

/** Capability codes. */
export const CAPABILITY = Object.freeze({ multiprotocol: 1, refresh: 2, gracefulRestart: 64, as4: 65, addPath: 69, enhancedRefresh: 70, longLived: 71 } as const);

/** What each side of ADD-PATH can do (RFC 7911 4). */
const PATHS_RX = 1;
const PATHS_TX = 2;

/** Families of which an OPEN says that it takes, or tells, several paths. */
export function pathFamilies(capabilities: readonly BgpCapability[], way: "rx" | "tx"): readonly (4 | 6)[] {
  const bytes = capabilities.find((one) => one.code === CAPABILITY.addPath)?.bytes ?? [];
  const found: (4 | 6)[] = [];
  for (let at = 0; at + 3 < bytes.length; at += 4) {
    if (((bytes[at + 3]! & (way === "rx" ? PATHS_RX : PATHS_TX)) !== 0) && bytes[at + 2] === UNICAST) found.push(bytes[at + 1] === AFI6 ? 6 : 4);
  }
  return found;
}

/** What our OPEN says we can do. */
export function capabilitiesOf(config: BgpConfig, restarted: boolean): readonly BgpCapability[] {
  if (!config.capabilities) return [];
  const families = config.channels.map((one) => AFI[one.family]).sort((a, b) => a - b);
  const caps: BgpCapability[] = families.map((afi) => ({ code: CAPABILITY.multiprotocol, bytes: [...u16(afi), 0, UNICAST] }));
  if (config.refresh) caps.push({ code: CAPABILITY.refresh, bytes: [] });
  if (config.gracefulRestart !== "off") {
    const on = config.gracefulRestart === "on";
    const time = on ? config.gracefulTime | (restarted ? 0x8000 : 0) : 0;
    caps.push({ code: CAPABILITY.gracefulRestart, bytes: [...u16(time), ...(on ? families.flatMap((afi) => [...u16(afi), UNICAST, 0]) : [])] });
  }
  if (config.as4) caps.push({ code: CAPABILITY.as4, bytes: u32(config.localAs) });
  const paths = config.channels.flatMap(({ family, addPaths: { rx, tx } }) => (rx || tx ? [...u16(AFI[family]), UNICAST, (rx ? PATHS_RX : 0) | (tx ? PATHS_TX : 0)] : []));
  if (paths.length > 0) caps.push({ code: CAPABILITY.addPath, bytes: paths });
  if (config.refresh) caps.push({ code: CAPABILITY.enhancedRefresh, bytes: [] });
  if (config.longLived && config.gracefulRestart !== "off") caps.push({ code: CAPABILITY.longLived, bytes: [] });
  return caps;
}

/** Families that a peer's OPEN names; null if it names none and so means IPv4. */
export function capabilityFamilies(capabilities: readonly BgpCapability[]): readonly (4 | 6)[] | null {
  const named = capabilities.filter((one) => one.code === CAPABILITY.multiprotocol);
  if (named.length === 0) return null;
  return named.flatMap(({ bytes }) => (bytes[3] !== UNICAST ? [] : bytes[1] === AFI4 ? [4 as const] : bytes[1] === AFI6 ? [6 as const] : []));
}

