import type { Reader } from '../../../bytes/reader.ts';
import type { WireErrorCode } from '../../../bytes/wire-error.ts';
import type { Writer } from '../../../bytes/writer.ts';
import type { MobilityOption } from './option.ts';

/** Where an option may start, counted from the first octet of the Mobility Header: `multiple`·n + `plus` (RFC 6275 §6.2.1). */
export interface Alignment {
  readonly multiple: 1 | 2 | 4 | 8;
  readonly plus: number;
}

/** Everything that the standards say about one mobility option. */
export interface OptionRule<Option> {
  readonly type: number;
  /** The standard's name, for people. */
  readonly name: string;
  /** Whether a value of the Option Length field is allowed. */
  allowsLength(octets: number): boolean;
  alignment(option: Option): Alignment;
  /** Whether a message may hold more than one. */
  readonly repeats: boolean;
  /** Whether nothing may follow it, not even padding. */
  readonly last: boolean;
  /** Where not everything may stand behind it, though padding may: what is wrong with `next` after `previous`. */
  problemBehind?(previous: readonly MobilityOption[], next: MobilityOption): WireErrorCode | undefined;
  /** The message types in which it means something; elsewhere it is skipped like an unknown one. */
  readonly messages: readonly number[];
  /** Reads Option Data; `data` holds it and nothing else, and may not be kept. */
  decode(data: Reader): Option;
  /** Writes Option Data. */
  encode(writer: Writer, option: Option): void;
}
