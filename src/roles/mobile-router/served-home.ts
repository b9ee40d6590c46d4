import { NO_BID } from '../../bindings/binding-cache.ts';
import type { Address } from '../../bytes/address.ts';
import { hostPrefix, prefixContains } from '../../bytes/prefix.ts';
import type { HomeConfiguration } from '../../config/configuration.ts';
import { type BindingGroup, Encapsulation, type SelectionMode, type Tunnel } from '../../forwarding/table.ts';
import type { PathMtuTable } from '../../paths/path-mtu.ts';
import type { PathState } from '../../paths/path-state.ts';
import type { HomeStatus } from '../status.ts';
import type { AgentProbes } from './agent-probes.ts';
import type { Attachment } from './attachment.ts';
import type { HomeAttachment } from './home-attachment.ts';
import type { Path } from './path.ts';

/** The tunnel of a binding without BID; above every BID. */
const PLAIN_TUNNEL_ID = 0x1_0000;
/** Between the tunnels of two homes. */
const TUNNEL_IDS = 0x2_0000;

/** One home with the care-of addresses that serve it: its tunnels, and what is told of them. */
export class ServedHome {
  readonly attachment: HomeAttachment;
  readonly #place: number;
  /** The preferred uplink as it was told last. */
  preferred: string | null = null;
  /** The agent whose probes decide which paths are dead. */
  probes: AgentProbes | undefined;
  agent: Address | undefined;
  serving: readonly Attachment[] = [];

  constructor(attachment: HomeAttachment, place: number) {
    this.attachment = attachment;
    this.#place = place;
  }

  get configuration(): HomeConfiguration {
    return this.attachment.configuration;
  }

  /** A care-of address on the home link itself would be none. */
  mayServe({ name, careOfAddress }: Attachment): boolean {
    const { uplinks, careOfHomes, homePrefix, homeLink } = this.configuration;
    if (!uplinks.includes(name) && !careOfHomes.includes(name)) return false;
    return !(homeLink && homePrefix && prefixContains(homePrefix, careOfAddress));
  }

  /** Without probes nothing but a new word of the next hop can bring the path back. */
  isDead({ bid, routerLost }: Attachment): boolean {
    return this.probes?.isProbing ? this.probes.isDead(bid) : routerLost;
  }

  paths(all: 'all' | 'usable'): Path[] {
    return this.serving
      .filter((attachment) => all === 'all' || !this.isDead(attachment))
      .map(({ name, bid, careOfAddress, interfaceIndex, validUntilMs }) => ({
        ...{ name, bid, careOfAddress, interfaceIndex },
        ...(validUntilMs !== undefined && { validUntilMs }),
      }));
  }

  /** The home agent's binding for a care-of address, if it is acknowledged. */
  binding({ bid, careOfAddress }: Attachment): { readonly expiresMs: number } | undefined {
    const { registration } = this.attachment;
    const binding = registration?.registered(registration.support === 'unsupported' ? NO_BID : bid);
    return binding?.careOfAddress === careOfAddress ? binding : undefined;
  }

  tunnelId(attachment: Attachment): number | null {
    if (!this.binding(attachment)) return null;
    const isPlain = this.attachment.registration?.support === 'unsupported';
    return this.#place * TUNNEL_IDS + (isPlain ? PLAIN_TUNNEL_ID : attachment.bid);
  }

  state(attachment: Attachment): PathState {
    if (this.isDead(attachment)) return 'dead';
    if (this.binding(attachment)) return 'active';
    const { registration } = this.attachment;
    const isAtHome = this.attachment.isAtHome;
    const standsBy = registration?.support === 'unsupported' && this.preferred !== attachment.name;
    return isAtHome || standsBy ? 'standby' : 'registering';
  }

  /**
   * One tunnel per binding, one group for the home address and its prefixes. A binding that is not acknowledged yet has
   * a tunnel to receive by.
   */
  forwarding(
    mode: SelectionMode,
    pathMtu: PathMtuTable,
    nowMs: number,
  ): { readonly tunnels: Tunnel[]; readonly group: BindingGroup } {
    const { agent } = this;
    const { homeAddress, prefixes } = this.configuration;
    const { registration } = this.attachment;
    const held = this.serving.flatMap((attachment) => {
      const id = this.tunnelId(attachment);
      if (agent === undefined) return [];
      if (id !== null) return [{ id, agent, attachment, isAcknowledged: true }];
      // The agent may send by it already: the acknowledgement can be late or lost. And in plain Mobile IPv6 the care-of
      // address that was bound before still gets what was on its way (RFC 6275 §11.5.4).
      const isPlain = registration?.support === 'unsupported';
      if (!isPlain && !registration?.mayHold(attachment.bid, attachment.careOfAddress)) return [];
      return [{ id: this.#place * TUNNEL_IDS + attachment.bid, agent, attachment, isAcknowledged: false }];
    });
    // An address that is on two interfaces for a moment makes one tunnel.
    const bound = [...held.filter(({ isAcknowledged }) => isAcknowledged), ...held].filter(
      ({ attachment }, index, all) =>
        all.findIndex((other) => other.attachment.careOfAddress === attachment.careOfAddress) === index,
    );
    const tunnels = bound.map(
      ({ id, agent: outerDestination, attachment, isAcknowledged }): Tunnel => ({
        id,
        encapsulation: Encapsulation.ipv6,
        outerSource: attachment.careOfAddress,
        outerDestination,
        sourcePort: 0,
        destinationPort: 0,
        interfaceIndex: attachment.interfaceIndex,
        pathMtuBytes: pathMtu.lookUp(attachment.careOfAddress, outerDestination, attachment.mtuBytes, nowMs),
        usable: isAcknowledged && !this.isDead(attachment),
      }),
    );
    const group: BindingGroup = {
      id: this.#place + 1,
      mode,
      tunnels: bound.map(({ id, attachment: { weight } }) => ({ tunnelId: id, weight })),
      prefixes: [hostPrefix(homeAddress), ...prefixes],
    };
    return { tunnels, group };
  }

  status(nowMs: number): HomeStatus {
    const { name, homeAddress, prefixes } = this.configuration;
    const { registration } = this.attachment;
    return {
      name,
      homeAddress,
      homeAgentAddress: this.attachment.agent ?? null,
      state: this.attachment.state(nowMs),
      prefixes,
      sequenceNumber: registration?.sequenceNumber ?? 0,
      multipleCareOfAddresses: registration?.support ?? 'unknown',
      bindings: this.serving.flatMap((attachment) => {
        const binding = this.binding(attachment);
        const { name: uplink, bid, careOfAddress } = attachment;
        if (!binding) return [];
        const remainingSeconds = Math.max(0, (binding.expiresMs - nowMs) / 1000);
        return [{ uplink, bid, careOfAddress, remainingSeconds, tunnelId: this.tunnelId(attachment)! }];
      }),
    };
  }
}
