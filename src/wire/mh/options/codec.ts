import type { Reader } from '../../../bytes/reader.ts';
import type { Writer } from '../../../bytes/writer.ts';

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
  /** The message types in which it means something; elsewhere it is skipped like an unknown one. */
  readonly messages: readonly number[];
  /** Reads Option Data; `data` holds it and nothing else. */
  decode(data: Reader): Option;
  /** Writes Option Data. */
  encode(writer: Writer, option: Option): void;
}
