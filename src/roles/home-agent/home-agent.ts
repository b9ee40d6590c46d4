import { BindingCache } from '../../bindings/binding-cache.ts';
import type { Address } from '../../bytes/address.ts';
import { hostPrefix } from '../../bytes/prefix.ts';
import type { HomeAgentConfiguration } from '../../config/configuration.ts';
import { type BindingGroup, Encapsulation, SelectionMode, type Tunnel } from '../../forwarding/table.ts';
import { PathMtuTable } from '../../paths/path-mtu.ts';
import type { BindingAcknowledgement } from '../../wire/mh/messages/binding-acknowledgement.ts';
import { BindingAcknowledgementFlag, isAccepted, MessageType, OptionType } from '../../wire/mh/numbers.ts';
import type { MobilityPacket } from '../../wire/signalling.ts';
import type { RoleAction } from '../action.ts';
import type { HomeAgentStatus } from '../status.ts';
import { Authorization } from './authorization.ts';
import { Registrar, type RegistrationOutcome } from './registration.ts';
import { type ValidBindingUpdate, validate } from './validation.ts';

/** A Packet Too Big for a tunnel packet: the path from `local` to `remote` takes `mtuBytes`. */
interface PacketTooBig {
  readonly type: 'packet-too-big';
  readonly local: Address;
  readonly remote: Address;
  readonly mtuBytes: number;
}

/** What a home agent is told. */
export type HomeAgentInput =
  | { readonly type: 'mobility'; readonly packet: MobilityPacket }
  | PacketTooBig
  | { readonly type: 'deadline' };

/** The largest outer packet while nothing smaller is known. */
const LINK_MTU_BYTES = 1500;

/** The home agent: RFC 6275 §10, RFC 3963 §6 and RFC 5648 §6 over one binding cache. */
export class HomeAgent {
  readonly #configuration: HomeAgentConfiguration;
  readonly #cache = new BindingCache();
  readonly #registrar: Registrar;
  readonly #pathMtu = new PathMtuTable();

  constructor(configuration: HomeAgentConfiguration) {
    this.#configuration = configuration;
    const authorization = new Authorization(configuration.homePrefixes, configuration.mobileNodes);
    this.#registrar = new Registrar(configuration, authorization, this.#cache);
  }

  /** Changes with every change of what `forwarding` returns. */
  forwardingVersion = 0;

  get nextDeadlineMs(): number {
    return Math.min(this.#cache.nextDeadlineMs, this.#pathMtu.nextDeadlineMs);
  }

  /** Whether `careOfAddress` is registered for the home address under any BID (RFC 5648 §6.5). */
  hasBinding(homeAddress: Address, careOfAddress: Address): boolean {
    const bindings = this.#cache.entry(homeAddress)?.bindings.values() ?? [];
    for (const binding of bindings) if (binding.careOfAddress === careOfAddress) return true;
    return false;
  }

  handle(input: HomeAgentInput, nowMs: number): RoleAction[] {
    switch (input.type) {
      case 'mobility':
        return this.#receive(input.packet, nowMs);
      case 'packet-too-big':
        return this.#learnPathMtu(input, nowMs);
      case 'deadline':
        return this.#expire(nowMs);
    }
  }

  /** Tunnels and binding groups: one group per home address, one tunnel per binding. */
  forwarding(nowMs: number): { readonly tunnels: Tunnel[]; readonly groups: BindingGroup[] } {
    const tunnels: Tunnel[] = [];
    const groups: BindingGroup[] = [];
    for (const entry of this.#cache.entries()) {
      const bindings = [...entry.bindings.values()];
      const [first] = bindings;
      if (!first) continue;
      for (const { tunnelId, careOfAddress } of bindings) {
        tunnels.push({
          id: tunnelId,
          encapsulation: Encapsulation.ipv6InIpv6,
          outerSource: this.#configuration.address,
          outerDestination: careOfAddress,
          interfaceIndex: 0,
          pathMtuBytes: this.#pathMtu.lookUp(this.#configuration.address, careOfAddress, LINK_MTU_BYTES, nowMs),
          usable: true,
        });
      }
      groups.push({
        id: first.tunnelId,
        mode: SelectionMode.follow,
        tunnels: bindings.map(({ tunnelId }) => ({ tunnelId, weight: 1 })),
        prefixes: [hostPrefix(entry.homeAddress), ...entry.prefixes],
      });
    }
    return { tunnels, groups };
  }

  status(nowMs: number): HomeAgentStatus {
    const rows = [...this.#cache.entries()].flatMap((entry) =>
      [...entry.bindings.values()].map((binding) => ({
        homeAddress: entry.homeAddress,
        bid: binding.bid,
        careOfAddress: binding.careOfAddress,
        sequenceNumber: entry.sequenceNumber,
        remainingSeconds: Math.max(0, (binding.expiresMs - nowMs) / 1000),
        mobileRouter: entry.mobileRouter,
        prefixes: entry.prefixes,
        tunnelId: binding.tunnelId,
      })),
    );
    return { address: this.#configuration.address, bindings: rows };
  }

  /** Only for what can be a tunnel packet of ours: anyone may send a Packet Too Big. */
  #learnPathMtu({ local, remote, mtuBytes }: PacketTooBig, nowMs: number): RoleAction[] {
    if (local !== this.#configuration.address) return [{ type: 'drop', reason: 'not-for-this-node' }];
    if (this.#pathMtu.learn(local, remote, mtuBytes, nowMs)) this.forwardingVersion++;
    return [];
  }

  #receive(packet: MobilityPacket, nowMs: number): RoleAction[] {
    if (packet.message.type !== MessageType.bindingUpdate) return [{ type: 'drop', reason: 'unexpected-message' }];
    const valid = validate(packet, packet.message);
    if (typeof valid === 'string') return [{ type: 'drop', reason: valid }];
    const outcome = this.#registrar.process(valid, nowMs);
    const changed = outcome.registered.some((registered) => registered.changed);
    if (changed || outcome.prefixesChanged || outcome.removed.length > 0) this.forwardingVersion++;
    return [
      { type: 'send', packet: this.#acknowledge(valid, outcome), interfaceIndex: 0 },
      ...this.#events(valid, outcome),
    ];
  }

  /** RFC 6275 §9.5.4 and §10.3.1: to the packet's source, through a type 2 routing header unless that is at home. */
  #acknowledge(valid: ValidBindingUpdate, outcome: RegistrationOutcome): MobilityPacket {
    const message: BindingAcknowledgement = {
      type: MessageType.bindingAcknowledgement,
      status: outcome.status,
      flags: outcome.mobileRouter && isAccepted(outcome.status) ? BindingAcknowledgementFlag.mobileRouter : 0,
      sequenceNumber: outcome.sequenceNumber,
      lifetimeSeconds: outcome.lifetimeSeconds,
      options: outcome.bindingStatuses.map(({ bid, status }) => ({
        type: OptionType.bindingIdentifier,
        bid,
        status,
        simultaneousHomeAndForeign: false,
        reserved: 0,
      })),
    };
    return {
      kind: 'mobility',
      source: valid.agentAddress,
      destination: valid.source,
      ...(valid.hasHomeAddressOption ? { routing2: valid.homeAddress } : {}),
      message,
    };
  }

  #events(valid: ValidBindingUpdate, outcome: RegistrationOutcome): RoleAction[] {
    const { homeAddress, source } = valid;
    const removed = outcome.removed.map(({ binding: { bid, careOfAddress }, reason }): RoleAction => {
      return { type: 'event', event: { type: 'binding-removed', homeAddress, bid, careOfAddress, reason } };
    });
    const registered = outcome.registered
      .filter(({ changed }) => changed)
      .map(({ binding: { bid, careOfAddress } }): RoleAction => {
        const { lifetimeSeconds } = outcome;
        return {
          type: 'event',
          event: { type: 'binding-registered', homeAddress, bid, careOfAddress, lifetimeSeconds },
        };
      });
    if (isAccepted(outcome.status)) return [...removed, ...registered];
    const bid = outcome.bindingStatuses[0]?.bid ?? 0;
    const refused = {
      type: 'binding-refused',
      homeAddress,
      bid,
      careOfAddress: source,
      status: outcome.status,
    } as const;
    return [...removed, ...registered, { type: 'event', event: refused }];
  }

  #expire(nowMs: number): RoleAction[] {
    if (this.#pathMtu.expire(nowMs)) this.forwardingVersion++;
    const expired = this.#cache.expire(nowMs);
    if (expired.length > 0) this.forwardingVersion++;
    return expired.map(({ homeAddress, bid, careOfAddress }) => ({
      type: 'event',
      event: { type: 'binding-removed', homeAddress, bid, careOfAddress, reason: 'expired' },
    }));
  }
}
