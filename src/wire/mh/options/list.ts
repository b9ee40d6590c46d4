import type { Reader } from '../../../bytes/reader.ts';
import { WireError } from '../../../bytes/wire-error.ts';
import type { Writer } from '../../../bytes/writer.ts';
import type { Alignment, OptionRule } from './codec.ts';
import type { MobilityOption } from './option.ts';
import { type KnownOption, optionRule, optionRulesIn } from './registry.ts';

const PAD_1 = 0;
const PAD_N = 1;
const HEADER_LENGTH_UNIT = 8;
const LARGEST_DATA_OCTETS = 0xff;
const ANYWHERE: Alignment = { multiple: 1, plus: 0 };

/**
 * Reads the options behind the fixed part of a message, up to the end of `reader`, which is left there. Padding is
 * skipped and its content ignored (RFC 6275 §6.2.2, §6.2.3). An option of an unknown type, and one that means nothing in
 * this type of message, is kept raw and otherwise ignored (§6.2.1). Throws `truncated` where an Option Length is missing;
 * `option-overrun` where the data would run past the end and `bad-length` where the type does not allow it, both at the
 * Option Length; `duplicate-option` and `option-not-last` at the Option Type.
 */
export function decodeOptions(reader: Reader, messageType: number): MobilityOption[] {
  const options: MobilityOption[] = [];
  const { bytes, base } = reader;
  const start = reader.index;
  const limit = start + reader.remaining;
  const rules = optionRulesIn(messageType);
  let previousAt = start;
  let previousRule: OptionRule<KnownOption> | undefined;
  for (let at = start, end = start; at < limit; at = end) {
    const type = bytes[at]!;
    if (type === PAD_1) {
      end = at + 1;
      continue;
    }
    const dataAt = at + 2;
    if (dataAt > limit) throw new WireError('truncated', base + limit);
    end = dataAt + bytes[at + 1]!;
    if (end > limit) throw new WireError('option-overrun', base + at + 1);
    if (type === PAD_N) continue;
    const rule = rules[type];
    let option: MobilityOption;
    if (rule === undefined) {
      option = { type: 'unknown', optionType: type, data: bytes.subarray(dataAt, end) };
    } else {
      if (!rule.allowsLength(end - dataAt)) throw new WireError('bad-length', base + at + 1);
      if (!rule.repeats && holds(options, type)) throw new WireError('duplicate-option', base + at);
      if (rule.last && end !== limit) throw new WireError('option-not-last', base + at);
      option = rule.decode(reader.moveTo(dataAt, end));
    }
    const problem = previousRule?.problemBehind?.(options, option);
    if (problem !== undefined) throw new WireError(problem, base + (problem === 'option-not-last' ? previousAt : at));
    options.push(option);
    previousAt = at;
    previousRule = rule;
  }
  reader.moveTo(limit, limit);
  return options;
}

/**
 * Writes options in their order, each padded to its alignment, and pads the Mobility Header, which begins at a multiple
 * of 8 octets in the writer, to another. Throws `RangeError` if an option that must be last is not, and where options
 * may not follow each other.
 */
export function encodeOptions(writer: Writer, options: readonly MobilityOption[]): void {
  let previousRule: OptionRule<KnownOption> | undefined;
  for (let index = 0; index < options.length; index++) {
    const option = options[index]!;
    const rule = option.type === 'unknown' ? undefined : optionRule(option.type)!;
    if (previousRule?.last) throw new RangeError(`option ${previousRule.name} is not the last one`);
    if (previousRule?.problemBehind?.(options.slice(0, index), option) !== undefined) {
      throw new RangeError(`an option that may not follow ${previousRule.name}`);
    }
    const { multiple, plus } = rule === undefined ? ANYWHERE : rule.alignment(option as KnownOption);
    const end = writer.length;
    const padding = (plus - end) & (multiple - 1);
    if (padding > 0) putPadding(writer, padding);
    const dataAt = end + padding + 2;
    if (option.type === 'unknown') writer.u16(option.optionType << 8).put(option.data);
    else rule!.encode(writer.u16(option.type << 8), option);
    const octets = writer.length - dataAt;
    if (octets > LARGEST_DATA_OCTETS) throw new RangeError(`option data of ${octets} octets`);
    writer.setU8(dataAt - 1, octets);
    previousRule = rule;
  }
  putPadding(writer, -writer.length & (HEADER_LENGTH_UNIT - 1));
}

function holds(options: readonly MobilityOption[], type: number): boolean {
  for (let i = 0; i < options.length; i++) if (options[i]!.type === type) return true;
  return false;
}

function putPadding(writer: Writer, octets: number): void {
  if (octets === 1) writer.u8(PAD_1);
  else if (octets > 1) {
    writer
      .u8(PAD_N)
      .u8(octets - 2)
      .zeros(octets - 2);
  }
}
