import { type Address, isUnicastRoutable } from '../../bytes/address.ts';
import { WireError } from '../../bytes/wire-error.ts';
import { type Icmpv6Error, Icmpv6Type } from '../../wire/icmpv6/message.ts';
import { decodeIpv6, IPV6_HEADER_OCTETS } from '../../wire/ip/ipv6.ts';
import { NextHeader } from '../../wire/ip/numbers.ts';
import type { Icmpv6Packet } from '../../wire/signalling.ts';

const ADDRESS_UNREACHABLE = 3;
/** As much as an error may quote (RFC 4443 §2.4). */
const LARGEST_QUOTE = 1280 - IPV6_HEADER_OCTETS - 8;
const PAYLOAD_LENGTH_AT = 4;
const NEXT_HEADER_AT = 6;

/** A tunnel packet that an ICMPv6 error quotes, and the packet in it. */
export interface QuotedTunnelPacket {
  readonly outerSource: Address;
  readonly outerDestination: Address;
  readonly innerSource: Address;
  readonly innerDestination: Address;
  readonly inner: Uint8Array;
}

/** `undefined` for what is no tunnel packet, or is cut short in its headers. */
export function quotedTunnelPacket({ invokingPacket }: Icmpv6Error): QuotedTunnelPacket | undefined {
  const outer = headerOf(invokingPacket);
  if (outer?.nextHeader !== NextHeader.ipv6) return undefined;
  const inner = invokingPacket.subarray(IPV6_HEADER_OCTETS);
  const header = headerOf(inner);
  if (!header) return undefined;
  return {
    outerSource: outer.source,
    outerDestination: outer.destination,
    innerSource: header.source,
    innerDestination: header.destination,
    inner,
  };
}

/**
 * Tells the sender of a packet that the tunnel could not carry it: whatever went wrong on the way, the destination is
 * unreachable (RFC 2473 §8.2). `undefined` where RFC 4443 §2.4 (e) forbids an error.
 */
export function relayedError({ innerSource, inner }: QuotedTunnelPacket, source: Address): Icmpv6Packet | undefined {
  const isIcmpv6 = inner[NEXT_HEADER_AT] === NextHeader.icmpv6;
  const isError = isIcmpv6 && (inner[IPV6_HEADER_OCTETS] ?? 0) < Icmpv6Type.echoRequest;
  if (isError || !isUnicastRoutable(innerSource)) return undefined;
  return {
    kind: 'icmpv6',
    source,
    destination: innerSource,
    message: {
      type: Icmpv6Type.destinationUnreachable,
      code: ADDRESS_UNREACHABLE,
      value: 0,
      invokingPacket: inner.subarray(0, LARGEST_QUOTE),
    },
  };
}

/** Of a packet whose end may be missing. */
function headerOf(packet: Uint8Array): ReturnType<typeof decodeIpv6>['header'] | undefined {
  if (packet.length < IPV6_HEADER_OCTETS) return undefined;
  const header = packet.slice(0, IPV6_HEADER_OCTETS);
  header.fill(0, PAYLOAD_LENGTH_AT, NEXT_HEADER_AT);
  try {
    return decodeIpv6(header).header;
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
