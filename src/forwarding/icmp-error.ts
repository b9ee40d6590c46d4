import { type Address, addressToBytes } from '../bytes/address.ts';
import { foldChecksum, sumWords, upperLayerChecksum } from '../bytes/checksum.ts';
import { Writer } from '../bytes/writer.ts';
import { destinationOf, findTransport, isIpv4Packet, isMulticast, sourceOf } from './ip-packet.ts';
import { DONT_FRAGMENT, IPV4_HEADER_BYTES, IPV4_MINIMUM_MTU_BYTES, setHeaderChecksum } from './ipv4-header.ts';
import { IPV6_HEADER_BYTES, IPV6_MINIMUM_MTU_BYTES } from './ipv6-header.ts';
import { Protocol } from './protocol.ts';

const PACKET_TOO_BIG = 2;
const TIME_EXCEEDED = 3;
const REDIRECT = 137;
const FIRST_INFORMATIONAL_TYPE = 128;
const HOP_LIMIT = 64;
const ICMP_HEADER_BYTES = 8;

const ICMPV4_DESTINATION_UNREACHABLE = 3;
const ICMPV4_FRAGMENTATION_NEEDED = 4;
const ICMPV4_TIME_EXCEEDED = 11;
/** Queries and their answers (RFC 1122 §3.2.2, RFC 1256, RFC 8335); every other type is taken for an error. */
const ICMPV4_QUERIES: readonly number[] = [0, 8, 9, 10, 13, 14, 15, 16, 17, 18, 42, 43];
/** Internetwork Control (RFC 1812 §4.3.2.5). */
const ICMPV4_TYPE_OF_SERVICE = 0xc0;

/** An error that the forwarder reports to the sender of an inner packet. */
export type IcmpError =
  | { readonly kind: 'packetTooBig'; readonly mtuBytes: number }
  | { readonly kind: 'hopLimitExceeded' };

/**
 * Whether `packet` may be answered with an ICMP error (RFC 4443 §2.4 (e), RFC 1812 §4.3.2.7). Its source is taken to be
 * the address of one node: others are not forwarded at all.
 */
export function mayAnswer(error: IcmpError, packet: Uint8Array): boolean {
  const ipv4 = isIpv4Packet(packet);
  if (isMulticast(destinationOf(packet)) && (ipv4 || error.kind !== 'packetTooBig')) return false;
  const { protocol, offset, fragment } = findTransport(packet);
  if (fragment === 'later') return false;
  const type = packet[offset];
  if (ipv4) return protocol !== Protocol.icmp || (type !== undefined && ICMPV4_QUERIES.includes(type));
  if (protocol !== Protocol.icmpv6) return true;
  return type !== undefined && type >= FIRST_INFORMATIONAL_TYPE && type !== REDIRECT;
}

/** The whole packet of an ICMP error about `packet`, with as much of it as fits. */
export function icmpErrorPacket(error: IcmpError, packet: Uint8Array, source: Address): Uint8Array {
  return isIpv4Packet(packet) ? icmpv4ErrorPacket(error, packet, source) : icmpv6ErrorPacket(error, packet, source);
}

/** RFC 4443 §3.2, §3.3. */
function icmpv6ErrorPacket(error: IcmpError, packet: Uint8Array, source: Address): Uint8Array {
  const destination = sourceOf(packet);
  const quoted = packet.subarray(0, IPV6_MINIMUM_MTU_BYTES - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES);
  const message = new Writer(ICMP_HEADER_BYTES + quoted.length)
    .u8(error.kind === 'packetTooBig' ? PACKET_TOO_BIG : TIME_EXCEEDED)
    .u8(0)
    .u16(0)
    .u32(error.kind === 'packetTooBig' ? error.mtuBytes : 0)
    .put(quoted);
  message.setU16(2, upperLayerChecksum(source, destination, Protocol.icmpv6, message.bytes()));
  return new Writer(IPV6_HEADER_BYTES + message.length)
    .u32(0x60000000)
    .u16(message.length)
    .u8(Protocol.icmpv6)
    .u8(HOP_LIMIT)
    .put(addressToBytes(source))
    .put(addressToBytes(destination))
    .put(message.bytes())
    .bytes();
}

/** RFC 792, with the next-hop MTU of RFC 1191 §4; 576 octets at most (RFC 1812 §4.3.2.3). */
function icmpv4ErrorPacket(error: IcmpError, packet: Uint8Array, source: Address): Uint8Array {
  const quoted = packet.subarray(0, IPV4_MINIMUM_MTU_BYTES - IPV4_HEADER_BYTES - ICMP_HEADER_BYTES);
  const tooBig = error.kind === 'packetTooBig';
  const message = new Writer(ICMP_HEADER_BYTES + quoted.length)
    .u8(tooBig ? ICMPV4_DESTINATION_UNREACHABLE : ICMPV4_TIME_EXCEEDED)
    .u8(tooBig ? ICMPV4_FRAGMENTATION_NEEDED : 0)
    .u16(0)
    .u32(tooBig ? error.mtuBytes : 0)
    .put(quoted);
  message.setU16(2, foldChecksum(sumWords(message.bytes())));
  const answer = new Writer(IPV4_HEADER_BYTES + message.length)
    .u8(0x45)
    .u8(ICMPV4_TYPE_OF_SERVICE)
    .u16(IPV4_HEADER_BYTES + message.length)
    .u16(0)
    .u16(DONT_FRAGMENT)
    .u8(HOP_LIMIT)
    .u8(Protocol.icmp)
    .u16(0)
    .put(addressToBytes(source))
    .put(addressToBytes(sourceOf(packet)))
    .put(message.bytes())
    .bytes();
  setHeaderChecksum(answer);
  return answer;
}

const ERROR_COST_MS = 10;
const BURST_MS = 500;

/** Lets 100 errors per second pass, 50 at once (RFC 4443 §2.4 (f), RFC 1812 §4.3.2.8). */
export class IcmpRateLimit {
  #creditMs = BURST_MS;
  #lastMs = 0;

  take(nowMs: number): boolean {
    if (nowMs > this.#lastMs) {
      this.#creditMs = Math.min(BURST_MS, this.#creditMs + nowMs - this.#lastMs);
      this.#lastMs = nowMs;
    }
    if (this.#creditMs < ERROR_COST_MS) return false;
    this.#creditMs -= ERROR_COST_MS;
    return true;
  }
}
