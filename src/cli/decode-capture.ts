import { Reader } from '../bytes/reader.ts';
import { WireError } from '../bytes/wire-error.ts';
import { NativeReader } from '../wire/netlink/native-reader.ts';

/** A file that cannot be read as a capture. The message is for people. */
export class CaptureError extends Error {}

export interface CapturedPacket {
  /** ISO 8601 in UTC with the file's own precision. */
  readonly time: string;
  /** From the IPv6 or IPv4 header on. */
  readonly packet: Uint8Array;
}

const MAGIC_MICROSECONDS = 0xa1b2c3d4;
const MAGIC_NANOSECONDS = 0xa1b23c4d;
/** The same in either byte order. */
const MAGIC_PCAPNG = 0x0a0d0d0a;
const LARGEST_RECORD = 0x40000;

/** Link layer types (https://www.tcpdump.org/linktypes.html). */
const LinkType = {
  null: 0,
  ethernet: 1,
  rawBsd: 12,
  rawOpenBsd: 14,
  raw: 101,
  linuxCooked: 113,
  ipv4: 228,
  ipv6: 229,
  linuxCooked2: 276,
} as const;

const ETHERTYPES_IP: readonly number[] = [0x0800, 0x86dd];
const ETHERTYPES_VLAN: readonly number[] = [0x8100, 0x88a8, 0x9100];
/** AF_INET, and AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, macOS. */
const IP_FAMILIES: readonly number[] = [2, 10, 24, 28, 30];
const IP_VERSIONS: readonly number[] = [4, 6];

/**
 * The IP packets of a classic pcap file, or `undefined` if it is none. Frames that carry something else are skipped.
 * Throws `CaptureError` for pcapng, for link layers that are not known, and (while iterating) where the file is cut
 * short.
 */
export function readCapture(file: Uint8Array): Iterable<CapturedPacket> | undefined {
  if (file.length < 4) return undefined;
  const little = new NativeReader(file, true).u32();
  const big = new NativeReader(file, false).u32();
  if (big === MAGIC_PCAPNG) {
    throw new CaptureError('a pcapng file: convert it with `tshark -F pcap -r FILE -w NEW`');
  }
  const littleEndian = little === MAGIC_MICROSECONDS || little === MAGIC_NANOSECONDS;
  const magic = littleEndian ? little : big;
  if (magic !== MAGIC_MICROSECONDS && magic !== MAGIC_NANOSECONDS) return undefined;
  return readRecords(file, littleEndian, magic === MAGIC_NANOSECONDS ? 9 : 6);
}

function* readRecords(file: Uint8Array, littleEndian: boolean, digits: number): Generator<CapturedPacket> {
  if (file.length < 24) throw new CaptureError('the pcap file ends within its header');
  const reader = new NativeReader(file, littleEndian);
  reader.skip(20);
  // The upper bits tell the length of a frame check sequence, which lies behind the packet anyway.
  const linkType = reader.u32() & 0xffff;
  if (!Object.values<number>(LinkType).includes(linkType)) {
    throw new CaptureError(`link layer type ${linkType} is not known`);
  }
  for (let number = 1; reader.remaining > 0; number++) {
    const { offset } = reader;
    const cutShort = () => new CaptureError(`the pcap file ends within packet ${number}, at octet ${offset}`);
    if (reader.remaining < 16) throw cutShort();
    const seconds = reader.u32();
    const fraction = reader.u32();
    const octets = reader.u32();
    reader.skip(4);
    if (octets > LARGEST_RECORD) {
      throw new CaptureError(`packet ${number}, at octet ${offset}, claims a length of ${octets} octets`);
    }
    if (octets > reader.remaining) throw cutShort();
    const packet = ipPacket(reader.take(octets), linkType);
    if (packet) yield { time: formatTime(seconds, fraction, digits), packet };
  }
}

/** What lies behind the link layer's header, if it is IP. */
function ipPacket(frame: Uint8Array, linkType: number): Uint8Array | undefined {
  try {
    return stripLinkLayer(new Reader(frame), linkType);
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}

function stripLinkLayer(frame: Reader, linkType: number): Uint8Array | undefined {
  switch (linkType) {
    case LinkType.ethernet: {
      frame.skip(12);
      return behindEtherType(frame);
    }
    case LinkType.linuxCooked: {
      frame.skip(14);
      return behindEtherType(frame);
    }
    case LinkType.linuxCooked2: {
      const etherType = frame.u16();
      frame.skip(18);
      return behindEtherType(frame, etherType);
    }
    case LinkType.null: {
      const family = frame.take(4);
      // The byte order is that of the capturing host, which need not be the file's.
      const number = family[0]! | family[3]!;
      return IP_FAMILIES.includes(number) ? frame.rest() : undefined;
    }
    case LinkType.ipv4:
    case LinkType.ipv6:
      return frame.rest();
    default: {
      const packet = frame.rest();
      return packet.length > 0 && IP_VERSIONS.includes(packet[0]! >> 4) ? packet : undefined;
    }
  }
}

function behindEtherType(frame: Reader, first = frame.u16()): Uint8Array | undefined {
  let etherType = first;
  while (ETHERTYPES_VLAN.includes(etherType)) {
    frame.skip(2);
    etherType = frame.u16();
  }
  return ETHERTYPES_IP.includes(etherType) ? frame.rest() : undefined;
}

function formatTime(seconds: number, fraction: number, digits: number): string {
  const whole = new Date(seconds * 1000).toISOString().slice(0, 19);
  return `${whole}.${String(fraction).padStart(digits, '0')}Z`;
}
