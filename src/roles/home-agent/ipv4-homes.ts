import type { Ipv4Home } from '../../bindings/binding-cache.ts';
import { wholeUnits } from '../../bindings/lifetime.ts';
import { type Address, IPV4_UNSPECIFIED, isUnicastRoutable } from '../../bytes/address.ts';
import { hostPrefix, type Prefix, prefixesOverlap, prefixOf, samePrefix } from '../../bytes/prefix.ts';
import type { HomeAgentIpv4Configuration, MobileNodeConfiguration } from '../../config/configuration.ts';
import type { BindingUpdate } from '../../wire/mh/messages/binding-update.ts';
import { Ipv4AddressStatus, OptionType } from '../../wire/mh/numbers.ts';
import type { Ipv4AddressAcknowledgementOption } from '../../wire/mh/options/ipv4-address-acknowledgement.ts';
import type { Ipv4HomeAddressOption } from '../../wire/mh/options/ipv4-home-address.ts';
import type { MobilityOption } from '../../wire/mh/options/option.ts';
import { PrefixPool } from './prefix-pool.ts';

const HOST_BITS = 32;
/** A shorter grant than what was asked for is still a network. */
const LONGEST_NETWORK_BITS = 30;

/** What was given to a node on request: one address and one prefix at most. */
interface Lease {
  readonly address?: Prefix;
  readonly prefix?: Prefix;
  untilMs: number;
}

/** What a Binding Update's IPv4 Home Address options lead to. */
export interface Ipv4Grant {
  /** `undefined` where nothing was granted: the home address has no IPv4 entry. */
  readonly ipv4: Ipv4Home | undefined;
  /** One for each option. */
  readonly answers: readonly Ipv4AddressAcknowledgementOption[];
  /** No longer than the lease, where some of it is leased (RFC 5555 §2.5). */
  readonly lifetimeSeconds: number;
}

/** The options by which a node has or wants something of IPv4. */
export function ipv4HomeAddressOptions(options: readonly MobilityOption[]): Ipv4HomeAddressOption[] {
  return options.filter((option) => option.type === OptionType.ipv4HomeAddress);
}

/** Whether a Binding Update is about an IPv4 mobile network prefix. */
export function asksForNetwork({ options }: BindingUpdate): boolean {
  return ipv4HomeAddressOptions(options).some(
    ({ prefixLength, requestsPrefix }) => requestsPrefix || prefixLength < HOST_BITS,
  );
}

/** The answer to such an option. */
export function ipv4Answer(homeAddress: Address, status: number, prefixLength = 0): Ipv4AddressAcknowledgementOption {
  return { type: OptionType.ipv4AddressAcknowledgement, status, prefixLength, homeAddress };
}

/**
 * Whose IPv4 home addresses and prefixes are: those of the configuration, and those that are leased on request
 * (RFC 5555 §2.5, §4.5). What it remembers is bounded by the mobile nodes configured.
 */
export class Ipv4Homes {
  readonly #configuration: HomeAgentIpv4Configuration;
  readonly #addresses: PrefixPool;
  readonly #prefixes: PrefixPool;
  /** IPv6 home addresses by IPv4 home address. */
  readonly #owners = new Map<Address, Address>();
  readonly #leases = new Map<Address, Lease>();
  /** No lease ends before. */
  #nextEndMs = Number.POSITIVE_INFINITY;

  constructor(configuration: HomeAgentIpv4Configuration, nodes: readonly MobileNodeConfiguration[]) {
    this.#configuration = configuration;
    const { homePrefixes, prefixPools } = configuration;
    this.#addresses = new PrefixPool(homePrefixes);
    this.#prefixes = new PrefixPool(prefixPools);
    const reserve = (prefix: Prefix) => {
      this.#addresses.take(prefix);
      this.#prefixes.take(prefix);
    };
    reserve(hostPrefix(configuration.address));
    for (const { homeAddress, ipv4 } of nodes) {
      ipv4?.prefixes.forEach(reserve);
      if (ipv4?.homeAddress === undefined) continue;
      reserve(hostPrefix(ipv4.homeAddress));
      this.#owners.set(ipv4.homeAddress, homeAddress);
    }
    this.#addresses.takeEdges();
    // Where the two overlap, the smaller one has the addresses.
    for (const home of homePrefixes) {
      for (const pool of prefixPools.filter((other) => prefixesOverlap(home, other))) {
        if (pool.length >= home.length) this.#addresses.take(pool);
        else this.#prefixes.take(home);
      }
    }
  }

  /** The IPv6 home address of the node that has this IPv4 home address. */
  owner(address: Address): Address | undefined {
    return this.#owners.get(address);
  }

  /** Examines the options of a registration; `isRouter`: it may have prefixes. */
  grant(
    node: MobileNodeConfiguration,
    options: readonly Ipv4HomeAddressOption[],
    isRouter: boolean,
    lifetimeSeconds: number,
    nowMs: number,
  ): Ipv4Grant {
    const granted: Prefix[] = [];
    const answers = new Map<Ipv4HomeAddressOption, Ipv4AddressAcknowledgementOption>();
    // What is named comes first: a request for any prefix is not answered with one that the node names beside it.
    const named = options.filter((option) => !isRequest(option));
    for (const option of [...named, ...options.filter(isRequest)]) {
      const found = this.#examine(node, option, isRouter, granted, nowMs);
      if (typeof found === 'number') {
        answers.set(option, ipv4Answer(option.homeAddress, found));
        continue;
      }
      const homeAddress = isRequest(option) ? found.address : option.homeAddress;
      answers.set(option, ipv4Answer(homeAddress, Ipv4AddressStatus.success, found.length));
      if (!granted.some((other) => samePrefix(other, found))) granted.push(found);
    }
    const lease = this.#leases.get(node.homeAddress);
    const isLeased = granted.some((prefix) => prefix === lease?.address || prefix === lease?.prefix);
    const own = this.#addressOf(node);
    const prefixes = granted.filter((prefix) => !own || !samePrefix(prefix, own));
    const homeAddress = own && prefixes.length < granted.length ? { homeAddress: own.address } : {};
    return {
      ipv4: granted.length === 0 ? undefined : { ...homeAddress, prefixes },
      answers: options.map((option) => answers.get(option)!),
      lifetimeSeconds: isLeased
        ? wholeUnits(Math.min(lifetimeSeconds, this.#configuration.leaseSeconds))
        : lifetimeSeconds,
    };
  }

  /** When the node's last binding ends, as things are: what it leases stays its own for a while after that. */
  keep(homeAddress: Address, lastBindingEndsMs: number): void {
    const lease = this.#leases.get(homeAddress);
    if (!lease) return;
    lease.untilMs = lastBindingEndsMs + this.#configuration.leaseSeconds * 1000;
    this.#nextEndMs = Math.min(this.#nextEndMs, lease.untilMs);
  }

  /** What an option gets: a prefix, of 32 bits for an address, or the status that refuses it. */
  #examine(
    node: MobileNodeConfiguration,
    option: Ipv4HomeAddressOption,
    isRouter: boolean,
    granted: readonly Prefix[],
    nowMs: number,
  ): Prefix | number {
    const { prefixLength, requestsPrefix, homeAddress } = option;
    if (prefixLength === 0 || prefixLength > HOST_BITS) return Ipv4AddressStatus.reasonUnspecified;
    if (isRequest(option)) {
      if (requestsPrefix) {
        return isRouter
          ? this.#anyPrefix(node, prefixLength, granted, nowMs)
          : Ipv4AddressStatus.prefixAllocationUnauthorized;
      }
      const address = this.#addressOf(node) ?? this.#lease(node, 'address', HOST_BITS, nowMs);
      return address ?? Ipv4AddressStatus.dynamicAssignmentNotAvailable;
    }
    if (!isUnicastRoutable(homeAddress)) return Ipv4AddressStatus.invalidAddress;
    const own = this.#ownOf(node, prefixOf(homeAddress, prefixLength), isRouter, nowMs);
    if (own) return own;
    return prefixLength === HOST_BITS
      ? Ipv4AddressStatus.incorrectHomeAddress
      : Ipv4AddressStatus.prefixAllocationUnauthorized;
  }

  /**
   * The address or prefix that a node names, if it is the node's own. An agent that has been restarted has forgotten
   * what it leased: then it is what the node would get again.
   */
  #ownOf(node: MobileNodeConfiguration, named: Prefix, isRouter: boolean, nowMs: number): Prefix | undefined {
    const isNamed = (prefix: Prefix | undefined) => prefix !== undefined && samePrefix(prefix, named);
    const address = this.#addressOf(node);
    if (isNamed(address)) return address;
    if (!address && named.length === HOST_BITS && this.#addresses.contains(named)) {
      return this.#lease(node, 'address', HOST_BITS, nowMs, named);
    }
    if (!isRouter) return undefined;
    const configured = node.ipv4?.prefixes.find(isNamed);
    if (configured) return configured;
    const leased = this.#leases.get(node.homeAddress)?.prefix;
    if (leased) return isNamed(leased) ? leased : undefined;
    return this.#prefixes.contains(named) ? this.#lease(node, 'prefix', named.length, nowMs, named) : undefined;
  }

  /** By configuration, or leased. */
  #addressOf({ homeAddress, ipv4 }: MobileNodeConfiguration): Prefix | undefined {
    const own = ipv4?.homeAddress;
    return own === undefined ? this.#leases.get(homeAddress)?.address : hostPrefix(own);
  }

  /** One of the length that is asked for; where there is none, a smaller network (RFC 5555 §4.5). */
  #anyPrefix(
    node: MobileNodeConfiguration,
    length: number,
    granted: readonly Prefix[],
    nowMs: number,
  ): Prefix | number {
    const left = (node.ipv4?.prefixes ?? []).filter((own) => !granted.some((other) => samePrefix(other, own)));
    const configured = left.find((own) => own.length === length) ?? left[0];
    if (configured) return configured;
    const leased = this.#leases.get(node.homeAddress)?.prefix;
    if (leased) return granted.includes(leased) ? Ipv4AddressStatus.administrativelyProhibited : leased;
    // Whoever asks for more than there is does not get all there is.
    const isInBounds = this.#configuration.prefixPools.some((pool) => pool.length <= length);
    if (!isInBounds) return Ipv4AddressStatus.prefixAllocationUnauthorized;
    for (let bits = length; bits <= Math.max(length, LONGEST_NETWORK_BITS); bits++) {
      const found = this.#lease(node, 'prefix', bits, nowMs);
      if (found) return found;
    }
    return Ipv4AddressStatus.reasonUnspecified;
  }

  /** Leases what the node would get first, if that is what it names or it names nothing. */
  #lease(
    { homeAddress }: MobileNodeConfiguration,
    kind: 'address' | 'prefix',
    length: number,
    nowMs: number,
    named?: Prefix,
  ): Prefix | undefined {
    const pool = kind === 'address' ? this.#addresses : this.#prefixes;
    const preference = lowestBits(homeAddress);
    let found = pool.allocate(length, preference);
    if (!found && this.#releaseEnded(nowMs)) found = pool.allocate(length, preference);
    if (!found) return undefined;
    if (named && !samePrefix(found, named)) {
      pool.release(found);
      return undefined;
    }
    if (kind === 'address') this.#owners.set(found.address, homeAddress);
    this.#leases.set(homeAddress, { ...this.#leases.get(homeAddress), [kind]: found, untilMs: 0 });
    this.keep(homeAddress, nowMs);
    return found;
  }

  /** Whether there was anything to be given back. */
  #releaseEnded(nowMs: number): boolean {
    if (this.#nextEndMs > nowMs) return false;
    const before = this.#leases.size;
    this.#nextEndMs = Number.POSITIVE_INFINITY;
    for (const [homeAddress, { address, prefix, untilMs }] of this.#leases) {
      if (untilMs > nowMs) {
        this.#nextEndMs = Math.min(this.#nextEndMs, untilMs);
        continue;
      }
      if (address) this.#addresses.release(address);
      if (address) this.#owners.delete(address.address);
      if (prefix) this.#prefixes.release(prefix);
      this.#leases.delete(homeAddress);
    }
    return this.#leases.size < before;
  }
}

function isRequest({ homeAddress }: Ipv4HomeAddressOption): boolean {
  return homeAddress === IPV4_UNSPECIFIED;
}

/** Of an IPv6 address: neighbours differ in them. */
function lowestBits(address: Address): number {
  let bits = 0;
  for (let i = 12; i < 16; i++) bits = (bits << 8) | address.charCodeAt(i);
  return bits;
}
