// Capture files: pcapng (draft-ietf-opsawg-pcapng), as Wireshark and tshark read it. One section, one interface description for each
// simulated device, one enhanced packet block for each frame, nanosecond times. Little-endian, as most writers are.

/** A simulated device of a capture. */
export interface CaptureInterface {
  /** Shown by Wireshark as the interface's name, for example `kind-worker/pod-a/eth0`. */
  readonly name: string;
  readonly description?: string;
  /** `raw` if its packets have no Ethernet header ("ethernet") */
  readonly link?: "ethernet" | "raw";
}

/** One frame of a capture. */
export interface CapturedPacket {
  /** Index into the capture's interfaces. */
  readonly interface: number;
  /** ns since boot. */
  readonly time: number;
  /** The Ethernet frame, or the IP packet of a raw interface. */
  readonly bytes: Uint8Array;
  /** Shown as the packet's comment. */
  readonly comment?: string;
  /** Seen from the device: received or sent. */
  readonly direction?: "in" | "out";
}

/** What `writePcapng` takes. */
export interface Capture {
  readonly interfaces: readonly CaptureInterface[];
  readonly packets: readonly CapturedPacket[];
}

const BLOCK = { SECTION: 0x0a0d0d0a, INTERFACE: 1, PACKET: 6 } as const;
const OPTION = { END: 0, COMMENT: 1, APPLICATION: 4, NAME: 2, DESCRIPTION: 3, TIME_RESOLUTION: 9, FLAGS: 2 } as const;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const LINKTYPE = { ethernet: 1, raw: 101 } as const;
const NANOSECONDS = 9;
const DIRECTION = { in: 1, out: 2 } as const;
const LONGEST_OPTION = 0xffff;
const BLOCK_OVERHEAD = 12;

/** A block's body as it grows; lengths are padded to 4 bytes. */
class Body {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  words(...values: number[]): this {
    const part = new Uint8Array(4 * values.length);
    const view = new DataView(part.buffer);
    values.forEach((value, i) => view.setUint32(4 * i, value, true));
    return this.#add(part);
  }

  bytes(bytes: Uint8Array): this {
    const part = new Uint8Array((bytes.length + 3) & ~3);
    part.set(bytes);
    return this.#add(part);
  }

  option(code: number, value: Uint8Array): this {
    return this.words(code + value.length * 0x10000).bytes(value);
  }

  text(code: number, text: string | undefined): this {
    return text === undefined ? this : this.option(code, utf8(text, LONGEST_OPTION));
  }

  /** The whole block: type, length, body, length. */
  block(type: number): Uint8Array {
    const total = this.#length + BLOCK_OVERHEAD;
    const out = new Uint8Array(total);
    const view = new DataView(out.buffer);
    view.setUint32(0, type, true);
    view.setUint32(4, total, true);
    let at = 8;
    for (const part of this.#parts) {
      out.set(part, at);
      at += part.length;
    }
    view.setUint32(at, total, true);
    return out;
  }

  #add(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

/**
 * A pcapng file of frames as they stood on simulated devices.
 * Packets are written in the order given; an interface index that does not exist is a RangeError.
 */
export function writePcapng(capture: Capture): Uint8Array {
  const blocks = [sectionHeader(), ...capture.interfaces.map(interfaceDescription)];
  for (const packet of capture.packets) {
    if (capture.interfaces[packet.interface] === undefined) throw new RangeError(`no capture interface ${packet.interface}`);
    blocks.push(enhancedPacket(packet));
  }
  const out = new Uint8Array(blocks.reduce((total, block) => total + block.length, 0));
  let at = 0;
  for (const block of blocks) {
    out.set(block, at);
    at += block.length;
  }
  return out;
}

function sectionHeader(): Uint8Array {
  const versionOne = 1;
  const lengthUnknown = 0xffffffff;
  return new Body()
    .words(BYTE_ORDER_MAGIC, versionOne, lengthUnknown, lengthUnknown)
    .text(OPTION.APPLICATION, "podwire")
    .words(OPTION.END)
    .block(BLOCK.SECTION);
}

function interfaceDescription(device: CaptureInterface): Uint8Array {
  const noSnapLength = 0;
  return new Body()
    .words(LINKTYPE[device.link ?? "ethernet"], noSnapLength)
    .text(OPTION.NAME, device.name)
    .text(OPTION.DESCRIPTION, device.description)
    .option(OPTION.TIME_RESOLUTION, Uint8Array.of(NANOSECONDS))
    .words(OPTION.END)
    .block(BLOCK.INTERFACE);
}

function enhancedPacket(packet: CapturedPacket): Uint8Array {
  const length = packet.bytes.length;
  const body = new Body()
    .words(packet.interface, Math.floor(packet.time / 0x100000000), packet.time % 0x100000000, length, length)
    .bytes(packet.bytes);
  if (packet.direction !== undefined) body.option(OPTION.FLAGS, Uint8Array.of(DIRECTION[packet.direction], 0, 0, 0));
  body.text(OPTION.COMMENT, packet.comment);
  if (packet.direction !== undefined || packet.comment !== undefined) body.words(OPTION.END);
  return body.block(BLOCK.PACKET);
}

/** At most `limit` bytes of UTF-8, no character cut in two. */
function utf8(text: string, limit: number): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  let end = bytes.length;
  if (end > limit) {
    end = limit;
    while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--;
  }
  return bytes.subarray(0, end);
}
