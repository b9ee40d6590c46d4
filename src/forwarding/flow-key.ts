import { type Address, addressToBytes } from '../bytes/address.ts';
import { destinationOf, findTransport, isIpv4Packet, sourceOf } from './ip-packet.ts';
import { mappedAddress } from './mapped-address.ts';
import { Protocol } from './protocol.ts';

/**
 * What makes packets one flow, in 40 octets: source (16), destination (16), discriminator (4), protocol (1), kind (1),
 * family (1: 4 for IPv4, whose addresses are IPv4-mapped; 0 for IPv6), zero (1). The discriminator is the two ports,
 * twice the identifier of an ICMP echo, or the flow label (0 for IPv4).
 */
export type FlowKey = Uint8Array;

export const FLOW_KEY_BYTES = 40;
const DISCRIMINATOR = 32;
const PROTOCOL = 36;
const KIND = 37;
const FAMILY = 38;
const FAMILY_IPV4 = 4;

const KIND_FLOW_LABEL = 0;
const KIND_PORTS = 1;

const PROTOCOLS_WITH_PORTS: readonly number[] = [
  Protocol.tcp,
  Protocol.udp,
  Protocol.dccp,
  Protocol.sctp,
  Protocol.udpLite,
];
const ECHO_TYPES: Readonly<Record<number, readonly number[]>> = {
  [Protocol.icmp]: [0, 8],
  [Protocol.icmpv6]: [128, 129],
};

/**
 * The key of the flow that a whole packet belongs to. All fragments of a packet share one key, so none of them
 * is told by its ports: only the first one has them, and fragments that take different paths meet too late.
 */
export function flowKeyOf(packet: Uint8Array): FlowKey {
  const key = new Uint8Array(FLOW_KEY_BYTES);
  const ipv4 = isIpv4Packet(packet);
  key.set(octetsOf(sourceOf(packet)));
  key.set(octetsOf(destinationOf(packet)), 16);
  if (ipv4) key[FAMILY] = FAMILY_IPV4;
  const { protocol, offset, fragment } = findTransport(packet);
  key[PROTOCOL] = protocol;
  const rest = fragment === 'none' ? packet.length - offset : 0;
  if (PROTOCOLS_WITH_PORTS.includes(protocol) && rest >= 4) {
    key.set(packet.subarray(offset, offset + 4), DISCRIMINATOR);
    key[KIND] = KIND_PORTS;
  } else if (rest >= 8 && ECHO_TYPES[protocol]?.includes(packet[offset]!)) {
    const identifier = packet.subarray(offset + 4, offset + 6);
    key.set(identifier, DISCRIMINATOR);
    key.set(identifier, DISCRIMINATOR + 2);
    key[KIND] = KIND_PORTS;
  } else {
    if (!ipv4) key.set([0, packet[1]! & 0x0f, packet[2]!, packet[3]!], DISCRIMINATOR);
    key[KIND] = KIND_FLOW_LABEL;
  }
  return key;
}

/** The key of the same flow's packets in the other direction. */
export function reverseFlowKey(key: FlowKey): FlowKey {
  const reversed = key.slice();
  reversed.set(key.subarray(16, 32), 0);
  reversed.set(key.subarray(0, 16), 16);
  if (key[KIND] === KIND_PORTS) {
    reversed.set(key.subarray(DISCRIMINATOR + 2, DISCRIMINATOR + 4), DISCRIMINATOR);
    reversed.set(key.subarray(DISCRIMINATOR, DISCRIMINATOR + 2), DISCRIMINATOR + 2);
  }
  return reversed;
}

function octetsOf(address: Address): Uint8Array {
  return addressToBytes(mappedAddress(address));
}
