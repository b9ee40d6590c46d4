import { WireError } from '../../bytes/wire-error.ts';
import type { NativeReader } from './native-reader.ts';
import type { NativeWriter } from './native-writer.ts';

const HEADER_OCTETS = 4;
/** The two high-order bits of an attribute's type are flags (NLA_F_NESTED, NLA_F_NET_BYTEORDER). */
const TYPE_MASK = 0x3fff;

/** Attribute values by type. Of one that is repeated the last counts, as in the kernel. */
export type Attributes = ReadonlyMap<number, NativeReader>;

/** Reads attributes (`struct nlattr`) up to the end; each begins at a multiple of 4 octets. Throws `bad-length`. */
export function decodeAttributes(reader: NativeReader): Attributes {
  const attributes = new Map<number, NativeReader>();
  while (reader.remaining >= HEADER_OCTETS) {
    const { offset } = reader;
    const octets = reader.u16();
    const type = reader.u16() & TYPE_MASK;
    if (octets < HEADER_OCTETS || octets - HEADER_OCTETS > reader.remaining) throw new WireError('bad-length', offset);
    attributes.set(type, reader.within(octets - HEADER_OCTETS));
    reader.skip(Math.min(-octets & 3, reader.remaining));
  }
  return attributes;
}

/** A 32-bit attribute, or `undefined` if it is absent. */
export function u32Attribute(attributes: Attributes, type: number): number | undefined {
  return attributes.get(type)?.u32();
}

export function putAttribute(writer: NativeWriter, type: number, value: Uint8Array): void {
  writer.u16(HEADER_OCTETS + value.length).u16(type);
  writer.put(value).zeros(-value.length & 3);
}

export function putU32Attribute(writer: NativeWriter, type: number, value: number): void {
  writer
    .u16(HEADER_OCTETS + 4)
    .u16(type)
    .u32(value);
}

export function putU8Attribute(writer: NativeWriter, type: number, value: number): void {
  putAttribute(writer, type, Uint8Array.of(value));
}
