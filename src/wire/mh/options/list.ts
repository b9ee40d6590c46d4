import { Reader } from '../../../bytes/reader.ts';
import { WireError } from '../../../bytes/wire-error.ts';
import type { Writer } from '../../../bytes/writer.ts';
import { OptionType } from '../numbers.ts';
import type { Alignment } from './codec.ts';
import type { MobilityOption } from './option.ts';
import { optionRule } from './registry.ts';

const HEADER_LENGTH_UNIT = 8;
const ANYWHERE: Alignment = { multiple: 1, plus: 0 };

/**
 * Reads the options behind the fixed part of a message, up to the end of `reader`. Padding is skipped and its content
 * ignored (RFC 6275 §6.2.2, §6.2.3). An option of an unknown type, and one that means nothing in this type of message,
 * is kept raw and otherwise ignored (§6.2.1). Throws `truncated` where an Option Length is missing; `option-overrun`
 * where the data would run past the end and `bad-length` where the type does not allow it, both at the Option Length;
 * `duplicate-option` and `option-not-last` at the Option Type.
 */
export function decodeOptions(reader: Reader, messageType: number): MobilityOption[] {
  const options: MobilityOption[] = [];
  const base = reader.offset;
  const bytes = reader.rest();
  for (let at = 0, end = 0; at < bytes.length; at = end) {
    const type = bytes[at]!;
    const dataAt = at + 2;
    if (type === OptionType.pad1) {
      end = at + 1;
      continue;
    }
    if (dataAt > bytes.length) throw new WireError('truncated', base + bytes.length);
    end = dataAt + bytes[at + 1]!;
    if (end > bytes.length) throw new WireError('option-overrun', base + at + 1);
    if (type === OptionType.padN) continue;
    const rule = optionRule(type);
    if (!rule?.messages.includes(messageType)) {
      options.push({ type: 'unknown', optionType: type, data: bytes.subarray(dataAt, end) });
      continue;
    }
    if (!rule.allowsLength(end - dataAt)) throw new WireError('bad-length', base + at + 1);
    if (!rule.repeats && options.some((other) => other.type === type)) {
      throw new WireError('duplicate-option', base + at);
    }
    if (rule.last && end !== bytes.length) throw new WireError('option-not-last', base + at);
    options.push(rule.decode(new Reader(bytes.subarray(dataAt, end), base + dataAt)));
  }
  return options;
}

/**
 * Writes options in their order, each padded to its alignment, and pads the Mobility Header that begins at the
 * writer's start to a multiple of 8 octets. Throws `RangeError` if an option that must be last is not.
 */
export function encodeOptions(writer: Writer, options: readonly MobilityOption[]): void {
  for (const [index, option] of options.entries()) {
    if (option.type === 'unknown') {
      putOption(writer, option.optionType, ANYWHERE, () => writer.put(option.data));
      continue;
    }
    const rule = optionRule(option.type)!;
    if (rule.last && index !== options.length - 1) throw new RangeError(`option ${rule.name} is not the last one`);
    putOption(writer, option.type, rule.alignment(option), () => rule.encode(writer, option));
  }
  putPadding(writer, -writer.length & (HEADER_LENGTH_UNIT - 1));
}

function putOption(writer: Writer, type: number, { multiple, plus }: Alignment, putData: () => void): void {
  putPadding(writer, (plus - writer.length) & (multiple - 1));
  writer.u8(type).u8(0);
  const start = writer.length;
  putData();
  const octets = writer.length - start;
  if (octets > 0xff) throw new RangeError(`option data of ${octets} octets`);
  writer.setU8(start - 1, octets);
}

function putPadding(writer: Writer, octets: number): void {
  if (octets === 1) writer.u8(OptionType.pad1);
  else if (octets > 1) {
    writer
      .u8(OptionType.padN)
      .u8(octets - 2)
      .zeros(octets - 2);
  }
}
