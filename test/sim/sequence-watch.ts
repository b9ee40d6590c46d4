import { isNewerSequenceNumber } from '../../src/bindings/sequence-number.ts';

/** The sequence numbers that one run of a mobile node's daemon uses for its home address (RFC 6275 §11.7.1). */
export class SequenceWatch {
  #last: number | undefined;

  /** A daemon that starts again knows nothing of the numbers before. */
  restart(): void {
    this.#last = undefined;
  }

  /** Returns what is wrong, if anything. */
  sent(sequenceNumber: number): string | undefined {
    const last = this.#last;
    this.#last = sequenceNumber;
    if (last === undefined || isNewerSequenceNumber(sequenceNumber, last)) return undefined;
    return `${sequenceNumber} is sent after ${last}`;
  }
}
