import { type Address, IPV4_UNSPECIFIED } from '../../bytes/address.ts';
import { type Prefix, prefixOf } from '../../bytes/prefix.ts';
import type { HomeIpv4Configuration } from '../../config/configuration.ts';
import { isAccepted, OptionType } from '../../wire/mh/numbers.ts';
import type { Ipv4HomeAddressOption } from '../../wire/mh/options/ipv4-home-address.ts';
import type { MobilityOption } from '../../wire/mh/options/option.ts';
import { type RoleAction, tell } from '../action.ts';

/** 0.0.0.0 asks for any (RFC 5555 §3.1.1). */
const ANY = IPV4_UNSPECIFIED;
const ADDRESS_BITS = 32;

interface Request {
  readonly asked: Prefix;
  readonly isPrefix: boolean;
  granted: Prefix | undefined;
  /** The last refusal that was told. */
  status: number | undefined;
}

/**
 * The IPv4 home address and prefixes that one home agent binds together with the home address (RFC 5555 §4.4.2, RFC 5648
 * §8.2). They are asked for in every registration, for an update that leaves them out would end them.
 */
export class Ipv4HomeBinding {
  readonly #homeAddress: Address;
  readonly #requests: readonly Request[];
  #isSupported = true;

  constructor(homeAddress: Address, { homeAddress: own, prefixes, requestPrefixLength }: HomeIpv4Configuration) {
    const request = (asked: Prefix, isPrefix: boolean): Request => ({
      ...{ asked, isPrefix },
      granted: undefined,
      status: undefined,
    });
    this.#homeAddress = homeAddress;
    this.#requests = [
      ...(own === undefined ? [] : [request({ address: own === 'dynamic' ? ANY : own, length: ADDRESS_BITS }, false)]),
      ...prefixes.map((prefix) => request(prefix, true)),
      ...(requestPrefixLength === undefined ? [] : [request({ address: ANY, length: requestPrefixLength }, true)]),
    ];
  }

  /** `null` while none is bound. */
  get address(): Address | null {
    return this.#requests.find(({ isPrefix }) => !isPrefix)?.granted?.address ?? null;
  }

  get prefixes(): readonly Prefix[] {
    return this.#requests.flatMap(({ isPrefix, granted }) => (isPrefix && granted ? granted : []));
  }

  /** For the next registration: what has been granted before, else what is wanted; nothing of an agent without IPv4. */
  options(): readonly Ipv4HomeAddressOption[] {
    if (!this.#isSupported) return [];
    return this.#requests.map(({ asked, isPrefix, granted }) => {
      const { address, length } = granted ?? asked;
      const type = OptionType.ipv4HomeAddress;
      return { type, prefixLength: length, requestsPrefix: isPrefix, homeAddress: address };
    });
  }

  /** The options of an acknowledgement that accepts a registration which had `sent`. */
  acknowledged(sent: readonly Ipv4HomeAddressOption[], options: readonly MobilityOption[]): RoleAction[] {
    if (sent.length === 0) return [];
    const answers = options.filter((option) => option.type === OptionType.ipv4AddressAcknowledgement);
    if (answers.length === 0) {
      this.#isSupported = false;
      for (const request of this.#requests) request.granted = undefined;
      return [this.#refused(this.#requests[0]!, null)];
    }
    return this.#requests.flatMap((request, place): RoleAction[] => {
      const isOneEach = answers.length === sent.length;
      const answer = answers.find((option, index) =>
        isOneEach ? index === place : option.homeAddress === sent[place]?.homeAddress,
      );
      if (answer && isAccepted(answer.status)) {
        const length = request.isPrefix ? answer.prefixLength : ADDRESS_BITS;
        request.granted = prefixOf(answer.homeAddress, Math.min(length, ADDRESS_BITS));
        request.status = undefined;
        return [];
      }
      request.granted = undefined;
      if (!answer || answer.status === request.status) return [];
      request.status = answer.status;
      return [this.#refused(request, answer.status)];
    });
  }

  #refused({ asked }: Request, status: number | null): RoleAction {
    const { address: requestedAddress, length: prefixLength } = asked;
    const homeAddress = this.#homeAddress;
    return tell({ type: 'ipv4-home-refused', homeAddress, requestedAddress, prefixLength, status });
  }
}
