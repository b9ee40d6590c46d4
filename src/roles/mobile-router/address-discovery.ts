import type { Address } from '../../bytes/address.ts';
import type { Prefix } from '../../bytes/prefix.ts';
import { homeAgentsAnycastAddress } from '../../bytes/special-addresses.ts';
import type { HomeAgentAddressDiscoveryReply } from '../../wire/icmpv6/home-agent-address-discovery.ts';
import { Icmpv6Type } from '../../wire/icmpv6/message.ts';
import type { RoleAction } from '../action.ts';
import type { Path } from './path.ts';

/** RFC 6275 §12. */
const INITIAL_DHAAD_TIMEOUT_MS = 3000;
const DHAAD_RETRIES = 4;
/** After all retries without an answer. */
const REST_MS = 60_000;

/** Dynamic home agent address discovery: the client's side (RFC 6275 §11.4.1, RFC 3963 §7.1). */
export class AddressDiscovery {
  readonly #destination: Address;
  readonly #mobileRouter: boolean;
  readonly #random16: () => number;
  #request: { readonly identifier: number; attempts: number; timeoutMs: number; deadlineMs: number } | undefined;
  #restsUntilMs = 0;

  /** `mobileRouter`: asks for agents that support mobile routers alone. */
  constructor(homePrefix: Prefix, mobileRouter: boolean, random16: () => number) {
    this.#destination = homeAgentsAnycastAddress(homePrefix);
    this.#mobileRouter = mobileRouter;
    this.#random16 = random16;
  }

  get nextDeadlineMs(): number {
    return this.#request?.deadlineMs ?? Number.POSITIVE_INFINITY;
  }

  get isUnderWay(): boolean {
    return this.#request !== undefined;
  }

  /** Begins, unless it has begun or rests after having been in vain. */
  start(nowMs: number): void {
    if (this.#request) return;
    const deadlineMs = Math.max(nowMs, this.#restsUntilMs);
    this.#request = { identifier: this.#random16(), attempts: 0, timeoutMs: INITIAL_DHAAD_TIMEOUT_MS, deadlineMs };
  }

  /** Begins at once, even if the last time was in vain a moment ago. */
  startNow(nowMs: number): void {
    this.#restsUntilMs = 0;
    if (this.#request && this.#request.attempts === 0) this.#request.deadlineMs = nowMs;
    this.start(nowMs);
  }

  stop(): void {
    this.#request = undefined;
  }

  /** Sends the request when it is due, by another path each time; the pauses double. */
  run(paths: readonly Path[], nowMs: number): RoleAction[] {
    const request = this.#request;
    if (!request || request.deadlineMs > nowMs) return [];
    if (request.attempts > DHAAD_RETRIES) {
      this.#request = undefined;
      this.#restsUntilMs = nowMs + REST_MS;
      this.start(nowMs);
      return [];
    }
    const path = paths[request.attempts % Math.max(1, paths.length)];
    if (!path) {
      request.deadlineMs = Number.POSITIVE_INFINITY;
      return [];
    }
    request.attempts++;
    request.deadlineMs = nowMs + request.timeoutMs;
    request.timeoutMs *= 2;
    const { identifier } = request;
    const type = Icmpv6Type.homeAgentAddressDiscoveryRequest;
    return [
      {
        type: 'send',
        packet: {
          kind: 'icmpv6',
          source: path.careOfAddress,
          destination: this.#destination,
          message: { type, identifier, mobileRouter: this.#mobileRouter },
        },
        interfaceIndex: path.interfaceIndex,
      },
    ];
  }

  /** A path has appeared: a request that waits for one is sent now. */
  wake(nowMs: number): void {
    if (this.#request?.deadlineMs === Number.POSITIVE_INFINITY) this.#request.deadlineMs = nowMs;
  }

  /**
   * The agents of a reply that answers our request, in their order; `undefined` for any other reply. The list is empty
   * if the agents that it names do not support mobile routers and we need one that does (RFC 3963 §7.2).
   */
  answered(reply: HomeAgentAddressDiscoveryReply, nowMs: number): readonly Address[] | undefined {
    if (!this.#request || this.#request.attempts === 0 || reply.identifier !== this.#request.identifier)
      return undefined;
    this.#request = undefined;
    this.#restsUntilMs = nowMs + REST_MS;
    return this.#mobileRouter && !reply.mobileRouter ? [] : reply.homeAgentAddresses;
  }
}
