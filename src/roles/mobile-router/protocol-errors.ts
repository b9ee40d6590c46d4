import type { Address } from '../../bytes/address.ts';
import { WireError } from '../../bytes/wire-error.ts';
import { type Icmpv6Message, Icmpv6Type } from '../../wire/icmpv6/message.ts';
import { ParameterProblemCode } from '../../wire/ip/numbers.ts';
import { MessageType } from '../../wire/mh/numbers.ts';
import { decodeSignalling } from '../../wire/signalling.ts';

/** What a node does not know, and of which packet it says so. */
export interface UnsupportedProtocol {
  readonly what: 'mobility-header' | 'home-address-option';
  readonly source: Address;
  readonly destination: Address;
  readonly homeAddress?: Address;
  /** Of the Binding Update that the packet was. */
  readonly sequenceNumber?: number;
}

/**
 * Reads an ICMPv6 Parameter Problem about a Binding Update: code 1 is for the Mobility Header, code 2 for the Home
 * Address option (RFC 6275 §11.3.5). `undefined` for anything else, such as a packet that is quoted in part.
 */
export function unsupportedProtocol(message: Icmpv6Message): UnsupportedProtocol | undefined {
  if (message.type !== Icmpv6Type.parameterProblem) return undefined;
  const isHeader = message.code === ParameterProblemCode.unrecognizedNextHeader;
  if (!isHeader && message.code !== ParameterProblemCode.unrecognizedOption) return undefined;
  try {
    const quoted = decodeSignalling(message.invokingPacket);
    if (quoted.kind !== 'mobility' || quoted.message.type !== MessageType.bindingUpdate) return undefined;
    const { source, destination, homeAddress } = quoted;
    return {
      what: isHeader ? 'mobility-header' : 'home-address-option',
      ...{ source, destination },
      ...(homeAddress !== undefined && { homeAddress }),
      sequenceNumber: quoted.message.sequenceNumber,
    };
  } catch (error) {
    if (error instanceof WireError) return undefined;
    throw error;
  }
}
