import { parseHex } from '../bytes/hex.ts';
import { IPV4_HEADER_OCTETS } from '../wire/ip/ipv4.ts';
import { IPV6_HEADER_OCTETS } from '../wire/ip/ipv6.ts';
import { CaptureError, readCapture } from './decode-capture.ts';
import { type DecodedRow, describePacket } from './decode-json.ts';

export { CaptureError } from './decode-capture.ts';
export type { DecodedRow } from './decode-json.ts';

export interface DecodeOptions {
  /** Also reports IP packets that are no signalling. */
  readonly all?: boolean;
}

/**
 * Decodes a capture file, or text with hex digits, and gives one row per packet to `emit`. Packets that are no
 * signalling are left out unless asked for. Throws `CaptureError`, whose message is for people, if the file is neither
 * or is cut short; the rows before that point have been given by then.
 */
export function decodeCapture(bytes: Uint8Array, emit: (row: DecodedRow) => void, options: DecodeOptions = {}): void {
  for (const { time, packet } of readCapture(bytes) ?? readText(bytes)) {
    const row = describePacket(packet, time, options.all ?? false);
    if (row) emit(row);
  }
}

/** Decodes hex digits as `decodeCapture` does. */
export function decodeHex(text: string, emit: (row: DecodedRow) => void, options: DecodeOptions = {}): void {
  for (const packet of splitHex(text)) {
    const row = describePacket(packet, null, options.all ?? false);
    if (row) emit(row);
  }
}

function readText(bytes: Uint8Array): { time: null; packet: Uint8Array }[] {
  const tab = 0x09;
  const text = bytes.every((byte) => byte >= tab && byte < 0x7f);
  if (!text || bytes.length === 0) throw new CaptureError('neither a pcap file nor hex digits');
  let digits = '';
  for (const byte of bytes) digits += String.fromCharCode(byte);
  return splitHex(digits).map((packet) => ({ time: null, packet }));
}

/**
 * One packet per line, from its IP header on; or, with packets wrapped over several lines, an empty line between
 * them. Lines that begin with # are comments.
 */
function splitHex(text: string): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (const block of text.split(/\r?\n[ \t]*\r?\n/)) {
    const lines = block.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
    if (lines.length === 0) continue;
    const octets = lines.map(hexLine);
    if (isWhole(octets[0]!)) packets.push(...octets);
    else packets.push(hexLine(lines.join('')));
  }
  if (packets.length === 0) throw new CaptureError('no packet in it');
  return packets;
}

function hexLine(line: string): Uint8Array {
  const octets = parseHex(line);
  if (!octets) throw new CaptureError(`neither a pcap file nor hex digits: ${line.trim().slice(0, 40)}`);
  return octets;
}

/** Whether a line alone holds as many octets as its IP header says. */
function isWhole(packet: Uint8Array): boolean {
  if (packet.length >= IPV4_HEADER_OCTETS && packet[0]! >>> 4 === 4) {
    return packet.length >= ((packet[2]! << 8) | packet[3]!);
  }
  if (packet.length < IPV6_HEADER_OCTETS) return false;
  return packet.length >= IPV6_HEADER_OCTETS + ((packet[4]! << 8) | packet[5]!);
}
