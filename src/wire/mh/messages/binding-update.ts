import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { BindingUpdateFlag, LIFETIME_UNIT_SECONDS, MessageType } from '../numbers.ts';
import { decodeOptions, encodeOptions } from '../options/list.ts';
import type { MobilityOption } from '../options/option.ts';

/** Binds a home address to care-of addresses (RFC 6275 §6.1.7). */
export interface BindingUpdate {
  readonly type: typeof MessageType.bindingUpdate;
  readonly sequenceNumber: number;
  /** `BindingUpdateFlag` masks, reserved bits included. */
  readonly flags: number;
  /** A multiple of 4; 0 asks for removal. */
  readonly lifetimeSeconds: number;
  readonly options: readonly MobilityOption[];
}

const ASSIGNED_FLAGS = Object.values(BindingUpdateFlag).reduce((all, flag) => all | flag, 0);

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |          Sequence #           |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |A|H|L|K|M|R|P|F|T|O| Reserved  |           Lifetime            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * .                        Mobility Options                       .
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * The flag word is that of RFC 5648 §4.2. `reader` stands behind the checksum and ends with the Mobility Header.
 */
export function decodeBindingUpdate(reader: Reader): BindingUpdate {
  const type = MessageType.bindingUpdate;
  const sequenceNumber = reader.u16();
  const flags = reader.u16();
  const lifetimeSeconds = reader.u16() * LIFETIME_UNIT_SECONDS;
  return { type, sequenceNumber, flags, lifetimeSeconds, options: decodeOptions(reader, type) };
}

/** Reserved flags are written as zero, whatever the value says. */
export function encodeBindingUpdate(writer: Writer, message: BindingUpdate): void {
  writer
    .u16(message.sequenceNumber)
    .u16(message.flags & ASSIGNED_FLAGS)
    .u16(message.lifetimeSeconds / LIFETIME_UNIT_SECONDS);
  encodeOptions(writer, message.options);
}
