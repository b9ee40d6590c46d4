import { WireError } from '../../bytes/wire-error.ts';
import { decodeAddress } from './address.ts';
import { decodeLink } from './link.ts';
import type { NetlinkHeader, NetlinkMessage } from './message.ts';
import { NativeReader } from './native-reader.ts';
import { decodeNeighbor } from './neighbor.ts';
import { NetlinkFlag, NetlinkType } from './numbers.ts';
import { decodeRoute } from './route.ts';
import { decodeRule } from './rule.ts';

const HEADER_OCTETS = 16;

/**
 * Reads all messages of one buffer from a rtnetlink socket (`struct nlmsghdr` in the host's byte order: length, type,
 * flags, sequence, port). Throws `WireError`: `truncated` if the buffer ends within a message, `bad-length` at a length
 * that no message has, and what the content's attributes throw.
 */
export function decodeNetlink(buffer: Uint8Array, littleEndian: boolean): NetlinkMessage[] {
  const reader = new NativeReader(buffer, littleEndian);
  const messages: NetlinkMessage[] = [];
  while (reader.remaining > 0) {
    const { offset } = reader;
    const octets = reader.u32();
    const type = reader.u16();
    const flags = reader.u16();
    const sequence = reader.u32();
    const portId = reader.u32();
    if (octets < HEADER_OCTETS) throw new WireError('bad-length', offset);
    const dumpInterrupted = (flags & NetlinkFlag.dumpInterrupted) !== 0;
    const header: NetlinkHeader = { sequence, portId, dumpInterrupted };
    messages.push(decodeBody(header, type, reader.within(octets - HEADER_OCTETS)));
    reader.skip(Math.min(-octets & 3, reader.remaining));
  }
  return messages;
}

function decodeBody(header: NetlinkHeader, type: number, body: NativeReader): NetlinkMessage {
  return decodeKnown(header, type, body) ?? { kind: 'other', ...header, type };
}

function decodeKnown(header: NetlinkHeader, type: number, body: NativeReader): NetlinkMessage | undefined {
  switch (type) {
    case NetlinkType.error:
      return { kind: 'acknowledgement', ...header, errno: -body.i32() | 0 };
    case NetlinkType.done:
      return { kind: 'done', ...header, errno: body.remaining < 4 ? 0 : -body.i32() | 0 };
    case NetlinkType.newLink:
      return decodeLink(header, 'new', body);
    case NetlinkType.deleteLink:
      return decodeLink(header, 'removed', body);
    case NetlinkType.newAddress:
      return decodeAddress(header, 'new', body);
    case NetlinkType.deleteAddress:
      return decodeAddress(header, 'removed', body);
    case NetlinkType.newRoute:
      return decodeRoute(header, 'new', body);
    case NetlinkType.deleteRoute:
      return decodeRoute(header, 'removed', body);
    case NetlinkType.newNeighbor:
      return decodeNeighbor(header, 'new', body);
    case NetlinkType.deleteNeighbor:
      return decodeNeighbor(header, 'removed', body);
    case NetlinkType.newRule:
      return decodeRule(header, 'new', body);
    case NetlinkType.deleteRule:
      return decodeRule(header, 'removed', body);
    default:
      return undefined;
  }
}
