import { BindingUpdateList, type BindingUpdateListEntry } from '../../bindings/binding-update-list.ts';
import { remainingAfterAcknowledgementMs } from '../../bindings/lifetime.ts';
import type { Address } from '../../bytes/address.ts';
import type { BindingAcknowledgement } from '../../wire/mh/messages/binding-acknowledgement.ts';
import { BindingStatus, OptionType } from '../../wire/mh/numbers.ts';
import type { RoleAction } from '../action.ts';
import type { Transmission } from './transaction.ts';

/** Share of the lifetime after which a binding is refreshed. */
const REFRESH_AFTER = 0.8;

/** The Binding Update List of one home address at one home agent, and what is told of its changes (RFC 6275 §11.1). */
export class RegisteredBindings {
  readonly list = new BindingUpdateList();
  readonly #homeAddress: Address;
  /** A refusal says nothing about what was granted before. */
  #heldUntilMs = 0;
  /** The home binding stands, but the home agent goes on to defend the home address (status 5, RFC 5648 §5.6.4). */
  withoutNeighborDiscovery = false;

  constructor(homeAddress: Address) {
    this.#homeAddress = homeAddress;
  }

  get entries(): readonly BindingUpdateListEntry[] {
    return [...this.list.entries()];
  }

  /** Whether the agent holds a binding that it has acknowledged. */
  get isEstablished(): boolean {
    return this.entries.some(({ acknowledged }) => acknowledged);
  }

  /** When the last binding that the agent may hold ends; 0 if it holds none. */
  get expiresMs(): number {
    return Math.max(this.#heldUntilMs, ...this.entries.map(({ expiresMs }) => expiresMs));
  }

  expire(nowMs: number): RoleAction[] {
    return this.list.expire(nowMs).map(({ bid, careOfAddress }) => this.#removed(bid, careOfAddress, 'expired'));
  }

  /** RFC 6275 §11.7.3: the agent's lifetime counts, from when the update was sent. */
  accepted(
    bid: number,
    status: number,
    transmission: Transmission,
    acknowledgement: BindingAcknowledgement,
    nowMs: number,
  ): RoleAction[] {
    const careOfAddress = transmission.bindings.get(bid)!;
    const remainingMs = remainingAfterAcknowledgementMs(
      transmission.sentMs + transmission.lifetimeSeconds * 1000 - nowMs,
      transmission.lifetimeSeconds,
      acknowledgement.lifetimeSeconds,
    );
    const advice = acknowledgement.options.find((option) => option.type === OptionType.bindingRefreshAdvice);
    const advisedMs = advice ? advice.refreshIntervalSeconds * 1000 : Number.POSITIVE_INFINITY;
    const refreshMs = nowMs + Math.min(remainingMs * REFRESH_AFTER, advisedMs);
    const homeAddress = this.#homeAddress;
    if (careOfAddress === homeAddress) {
      this.withoutNeighborDiscovery = status === BindingStatus.mcoaReturnHomeWithoutNdp;
    }
    const before = this.list.get(bid);
    this.list.acknowledged(bid, careOfAddress, nowMs + remainingMs, refreshMs);
    this.#heldUntilMs = Math.max(this.#heldUntilMs, nowMs + remainingMs);
    if (before?.acknowledged && before.careOfAddress === careOfAddress) return [];
    const { lifetimeSeconds } = acknowledgement;
    return [{ type: 'event', event: { type: 'binding-registered', homeAddress, bid, careOfAddress, lifetimeSeconds } }];
  }

  /** `wanted` gives the care-of address that a BID without an entry was to have. */
  refused(bids: readonly number[], status: number, wanted: (bid: number) => Address | undefined): RoleAction[] {
    return bids.flatMap((bid): RoleAction[] => {
      const careOfAddress = this.list.get(bid)?.careOfAddress ?? wanted(bid);
      if (careOfAddress === undefined) return [];
      const homeAddress = this.#homeAddress;
      return [{ type: 'event', event: { type: 'binding-refused', homeAddress, bid, careOfAddress, status } }];
    });
  }

  /** The agent has removed these. */
  deregistered(bids: Iterable<number>): RoleAction[] {
    return [...bids].flatMap((bid) => {
      const entry = this.list.get(bid);
      this.list.remove(bid);
      return entry ? this.#removed(bid, entry.careOfAddress, 'deregistered') : [];
    });
  }

  /** The agent holds nothing any more. */
  allDeregistered(): RoleAction[] {
    this.#heldUntilMs = 0;
    return this.deregistered(this.entries.map(({ bid }) => bid));
  }

  #removed(bid: number, careOfAddress: Address, reason: 'deregistered' | 'expired'): RoleAction {
    const homeAddress = this.#homeAddress;
    return { type: 'event', event: { type: 'binding-removed', homeAddress, bid, careOfAddress, reason } };
  }
}
