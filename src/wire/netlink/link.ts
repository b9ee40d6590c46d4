import { type Attributes, decodeAttributes, putU32Attribute, u32Attribute } from './attributes.ts';
import type { LinkMessage, NetlinkChange, NetlinkHeader } from './message.ts';
import type { NativeReader } from './native-reader.ts';
import type { NativeWriter } from './native-writer.ts';
import { AddressFamily, LinkAttribute, LinkFlag } from './numbers.ts';

/** Sets a link up, and its MTU if it is given. */
export interface SetLinkRequest {
  readonly kind: 'set-link';
  readonly index: number;
  readonly up: boolean;
  readonly mtuBytes?: number;
}

/**
 * Reads what follows the header of RTM_NEWLINK or RTM_DELLINK (`struct ifinfomsg`: family, type, index, flags, change).
 * `undefined` for a bridge port's message: there RTM_DELLINK says that the interface left the bridge, not that it is gone.
 */
export function decodeLink(
  header: NetlinkHeader,
  change: NetlinkChange,
  reader: NativeReader,
): LinkMessage | undefined {
  const family = reader.u8();
  reader.skip(3);
  const index = reader.i32();
  const flags = reader.u32();
  reader.skip(4);
  if (family === AddressFamily.bridge) return undefined;
  const attributes = decodeAttributes(reader);
  return {
    kind: 'link',
    change,
    ...header,
    index,
    name: textAttribute(attributes, LinkAttribute.name),
    flags,
    up: (flags & LinkFlag.up) !== 0,
    running: (flags & LinkFlag.running) !== 0,
    lowerUp: (flags & LinkFlag.lowerUp) !== 0,
    mtuBytes: u32Attribute(attributes, LinkAttribute.mtu),
    masterIndex: u32Attribute(attributes, LinkAttribute.master),
    hardwareAddress: attributes.get(LinkAttribute.address)?.rest(),
    operationalState: attributes.get(LinkAttribute.operationalState)?.u8(),
  };
}

export function encodeSetLink(writer: NativeWriter, request: SetLinkRequest): void {
  writer.u8(AddressFamily.unspecified).u8(0).u16(0).u32(request.index);
  writer.u32(request.up ? LinkFlag.up : 0).u32(LinkFlag.up);
  if (request.mtuBytes !== undefined) putU32Attribute(writer, LinkAttribute.mtu, request.mtuBytes);
}

/** Interface names are single octets up to a zero. */
function textAttribute(attributes: Attributes, type: number): string {
  let text = '';
  for (const octet of attributes.get(type)?.rest() ?? []) {
    if (octet === 0) break;
    text += String.fromCharCode(octet);
  }
  return text;
}
