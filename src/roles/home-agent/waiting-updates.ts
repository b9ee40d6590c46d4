import type { Address } from '../../bytes/address.ts';
import { OptionType } from '../../wire/mh/numbers.ts';
import type { ValidBindingUpdate } from './validation.ts';

/** A node sends one per care-of address, and retransmits it in its place. */
const MOST_OF_ONE_NODE = 32;

/** Binding Updates that wait for the test of their home address, in the order of their arrival. */
export class WaitingUpdates {
  readonly #byHomeAddress = new Map<Address, ValidBindingUpdate[]>();

  /** A retransmission takes the place of what it repeats. */
  add(valid: ValidBindingUpdate): void {
    const waiting = this.#byHomeAddress.get(valid.homeAddress) ?? [];
    const others = waiting.filter((other) => subject(other) !== subject(valid));
    this.#byHomeAddress.set(valid.homeAddress, [...others, valid].slice(-MOST_OF_ONE_NODE));
  }

  take(homeAddress: Address): ValidBindingUpdate[] {
    const waiting = this.#byHomeAddress.get(homeAddress) ?? [];
    this.#byHomeAddress.delete(homeAddress);
    return waiting;
  }
}

/** Where it comes from and which bindings it is about. */
function subject({ source, outer, update }: ValidBindingUpdate): string {
  const bids = update.options.map((option) => (option.type === OptionType.bindingIdentifier ? option.bid : ''));
  return `${outer?.source ?? source} ${bids.join()} ${update.lifetimeSeconds === 0}`;
}
