import {
  BindingUpdateList,
  type BindingUpdateListEntry,
  type Ipv4Encapsulation,
} from '../../bindings/binding-update-list.ts';
import { remainingAfterAcknowledgementMs } from '../../bindings/lifetime.ts';
import { type Address, isIpv4 } from '../../bytes/address.ts';
import type { BindingAcknowledgement } from '../../wire/mh/messages/binding-acknowledgement.ts';
import { BindingStatus, OptionType } from '../../wire/mh/numbers.ts';
import { NO_NAT_REFRESH_SECONDS } from '../../wire/mh/options/nat-detection.ts';
import { type RoleAction, tell } from '../action.ts';
import type { Transmission } from './transaction.ts';

/** Share of the lifetime after which a binding is refreshed. */
const REFRESH_AFTER = 0.8;
/** NATKATIMEOUT: how long a NAT's mapping lasts where the agent does not say (RFC 5555 §4.3, §8). */
const NAT_KEEP_ALIVE_SECONDS = 110;
const SHORTEST_NAT_KEEP_ALIVE_SECONDS = 5;

/** The Binding Update List of one home address at one home agent, and what is told of its changes (RFC 6275 §11.1). */
export class RegisteredBindings {
  readonly list = new BindingUpdateList();
  readonly #homeAddress: Address;
  readonly #natKeepAliveSeconds: number;
  /** A refusal says nothing about what was granted before. */
  #heldUntilMs = 0;
  /** The home binding stands, but the home agent goes on to defend the home address (status 5, RFC 5648 §5.6.4). */
  withoutNeighborDiscovery = false;

  /** `natKeepAliveSeconds`: how often updates keep a NAT's mapping at the least, whatever the agent says. */
  constructor(homeAddress: Address, natKeepAliveSeconds = Number.POSITIVE_INFINITY) {
    this.#homeAddress = homeAddress;
    this.#natKeepAliveSeconds = natKeepAliveSeconds;
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
    const { ipv4, keepAliveMs } = this.#ipv4(bid, transmission, acknowledgement);
    const dueMs = nowMs + Math.min(remainingMs * REFRESH_AFTER, advisedMs);
    const refreshMs = Math.min(dueMs, Math.max(transmission.sentMs + keepAliveMs, nowMs + 1));
    const homeAddress = this.#homeAddress;
    if (careOfAddress === homeAddress) {
      this.withoutNeighborDiscovery = status === BindingStatus.mcoaReturnHomeWithoutNdp;
    }
    const before = this.list.get(bid);
    this.list.acknowledged(bid, careOfAddress, nowMs + remainingMs, refreshMs, ipv4);
    this.#heldUntilMs = Math.max(this.#heldUntilMs, nowMs + remainingMs);
    if (before?.acknowledged && before.careOfAddress === careOfAddress) return [];
    const { lifetimeSeconds } = acknowledgement;
    return [tell({ type: 'binding-registered', homeAddress, bid, careOfAddress, lifetimeSeconds })];
  }

  /** What the agent has seen of the way. What goes in bulk from an IPv6 care-of address is known to meet no NAT. */
  #ipv4(
    bid: number,
    { bindings }: Transmission,
    { options }: BindingAcknowledgement,
  ): { readonly ipv4?: Ipv4Encapsulation | undefined; readonly keepAliveMs: number } {
    const never = Number.POSITIVE_INFINITY;
    if (!isIpv4(bindings.get(bid)!)) return { keepAliveMs: never };
    const found = options.find((option) => option.type === OptionType.natDetection);
    const nat = found !== undefined && found.refreshSeconds !== NO_NAT_REFRESH_SECONDS;
    const ipv4 = { udp: nat || (found?.requiresUdpEncapsulation ?? false), nat };
    if (!nat) return { ipv4, keepAliveMs: never };
    const suggestedSeconds = found.refreshSeconds || NAT_KEEP_ALIVE_SECONDS;
    const seconds = Math.min(suggestedSeconds, this.#natKeepAliveSeconds);
    return { ipv4, keepAliveMs: Math.max(SHORTEST_NAT_KEEP_ALIVE_SECONDS, seconds) * 1000 };
  }

  /** `wanted` gives the care-of address that a BID without an entry was to have. */
  refused(bids: readonly number[], status: number, wanted: (bid: number) => Address | undefined): RoleAction[] {
    return bids.flatMap((bid): RoleAction[] => {
      const careOfAddress = this.list.get(bid)?.careOfAddress ?? wanted(bid);
      if (careOfAddress === undefined) return [];
      const homeAddress = this.#homeAddress;
      return [tell({ type: 'binding-refused', homeAddress, bid, careOfAddress, status })];
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
    return tell({ type: 'binding-removed', homeAddress, bid, careOfAddress, reason });
  }
}
