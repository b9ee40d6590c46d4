import { type Address, addressToBytes } from '../bytes/address.ts';
import { upperLayerChecksum } from '../bytes/checksum.ts';
import { Writer } from '../bytes/writer.ts';
import {
  destinationOf,
  findTransport,
  IPV6_HEADER_BYTES,
  IPV6_MINIMUM_MTU_BYTES,
  isMulticast,
  Protocol,
  sourceOf,
} from './ipv6-header.ts';

const PACKET_TOO_BIG = 2;
const TIME_EXCEEDED = 3;
const REDIRECT = 137;
const FIRST_INFORMATIONAL_TYPE = 128;
const HOP_LIMIT = 64;

/** An error that the forwarder reports to the sender of an inner packet. */
export type IcmpError =
  | { readonly kind: 'packetTooBig'; readonly mtuBytes: number }
  | { readonly kind: 'hopLimitExceeded' };

/**
 * Whether `packet` may be answered with an ICMPv6 error (RFC 4443 §2.4 (e)). Its source is taken to be the address of
 * one node: others are not forwarded at all.
 */
export function mayAnswer(error: IcmpError, packet: Uint8Array): boolean {
  if (isMulticast(destinationOf(packet)) && error.kind !== 'packetTooBig') return false;
  const { protocol, offset, fragment } = findTransport(packet);
  if (fragment === 'later') return false;
  if (protocol !== Protocol.icmpv6) return true;
  const type = packet[offset] ?? 0;
  return type >= FIRST_INFORMATIONAL_TYPE && type !== REDIRECT;
}

/** The whole IPv6 packet of an ICMPv6 error about `packet`, with as much of it as fits (RFC 4443 §3.2, §3.3). */
export function icmpErrorPacket(error: IcmpError, packet: Uint8Array, source: Address): Uint8Array {
  const destination = sourceOf(packet);
  const quoted = packet.subarray(0, IPV6_MINIMUM_MTU_BYTES - IPV6_HEADER_BYTES - 8);
  const message = new Writer(8 + quoted.length)
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

const ERROR_COST_MS = 10;
const BURST_MS = 500;

/** Lets 100 errors per second pass, 50 at once (RFC 4443 §2.4 (f)). */
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
