import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { BindingAcknowledgementFlag, LIFETIME_UNIT_SECONDS, MessageType } from '../numbers.ts';
import { decodeOptions, encodeOptions } from '../options/list.ts';
import type { MobilityOption } from '../options/option.ts';

/** Answers a Binding Update (RFC 6275 §6.1.8). */
export interface BindingAcknowledgement {
  readonly type: typeof MessageType.bindingAcknowledgement;
  /** A `BindingStatus`. */
  readonly status: number;
  /** `BindingAcknowledgementFlag` masks, reserved bits included. */
  readonly flags: number;
  readonly sequenceNumber: number;
  /** A multiple of 4. */
  readonly lifetimeSeconds: number;
  readonly options: readonly MobilityOption[];
}

const ASSIGNED_FLAGS = Object.values(BindingAcknowledgementFlag).reduce((all, flag) => all | flag, 0);

/**
 * ```
 *                                 +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 *                                 |    Status     |K|R|P|Reserved |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |           Sequence #          |           Lifetime            |
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * .                        Mobility Options                       .
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * ```
 * `reader` stands behind the checksum and ends with the Mobility Header.
 */
export function decodeBindingAcknowledgement(reader: Reader): BindingAcknowledgement {
  const type = MessageType.bindingAcknowledgement;
  const status = reader.u8();
  const flags = reader.u8();
  const sequenceNumber = reader.u16();
  const lifetimeSeconds = reader.u16() * LIFETIME_UNIT_SECONDS;
  return { type, status, flags, sequenceNumber, lifetimeSeconds, options: decodeOptions(reader, type) };
}

/** Reserved flags are written as zero, whatever the value says. */
export function encodeBindingAcknowledgement(writer: Writer, message: BindingAcknowledgement): void {
  writer
    .u8(message.status)
    .u8(message.flags & ASSIGNED_FLAGS)
    .u16(message.sequenceNumber)
    .u16(message.lifetimeSeconds / LIFETIME_UNIT_SECONDS);
  encodeOptions(writer, message.options);
}
