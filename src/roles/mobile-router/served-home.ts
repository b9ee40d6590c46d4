import { NO_BID } from '../../bindings/binding-cache.ts';
import type { BindingUpdateListEntry } from '../../bindings/binding-update-list.ts';
import { type Address, isIpv4 } from '../../bytes/address.ts';
import { hostPrefix, prefixContains } from '../../bytes/prefix.ts';
import type { HomeConfiguration, UplinkConfiguration } from '../../config/configuration.ts';
import { type BindingGroup, Encapsulation, type SelectionMode, type Tunnel } from '../../forwarding/table.ts';
import type { PathMtuTable } from '../../paths/path-mtu.ts';
import type { PathState } from '../../paths/path-state.ts';
import type { Uplink } from '../../paths/uplink.ts';
import { DSMIPV6_UDP_PORT } from '../../wire/mh/numbers.ts';
import type { HomeStatus, Ipv4PathStatus } from '../status.ts';
import type { AgentProbes, Ipv4Reach } from './agent-probes.ts';
import type { Attachment } from './attachment.ts';
import { outerHeader } from './binding-update.ts';
import { type AddressFamily, FAMILIES, FamilyChoice } from './family-choice.ts';
import type { HomeAttachment } from './home-attachment.ts';
import type { Path } from './path.ts';

/** The tunnel of a binding without BID; above every BID. */
const PLAIN_TUNNEL_ID = 0x1_0000;
/** Added to the tunnel of a binding for another one, to receive by until the agent has acknowledged which it uses. */
const RECEIVING = 0x1_0000;
/** Between the tunnels of two homes. */
const TUNNEL_IDS = 0x2_0000;

/** An uplink as it is configured, and as it is now. */
export interface UplinkState {
  readonly configuration: UplinkConfiguration;
  observed: Uplink;
  reported: PathState;
}

interface HeldTunnel {
  readonly id: number;
  readonly attachment: Attachment;
  /** Not the attachment's own while the agent is only asked for that. */
  readonly careOfAddress: Address;
  readonly udp: boolean;
  readonly isAcknowledged: boolean;
  readonly usable: boolean;
}

/** One home with the care-of addresses that serve it: its tunnels, and what is told of them. */
export class ServedHome {
  readonly attachment: HomeAttachment;
  readonly #place: number;
  /** The preferred uplink as it was told last. */
  preferred: string | null = null;
  /** The agent whose probes decide which paths are dead. */
  probes: AgentProbes | undefined;
  agent: Address | undefined;
  readonly #noAgent = new FamilyChoice();
  serving: readonly Attachment[] = [];

  constructor(attachment: HomeAttachment, place: number) {
    this.attachment = attachment;
    this.#place = place;
  }

  get configuration(): HomeConfiguration {
    return this.attachment.configuration;
  }

  /** The families in which the home agent can be reached. */
  get #reachable(): readonly AddressFamily[] {
    return this.attachment.agentIpv4Address === undefined ? ['ipv6'] : ['ipv6', 'ipv4'];
  }

  get families(): FamilyChoice {
    return this.probes?.families ?? this.#noAgent;
  }

  /** The care-of address that an uplink has for this home. An uplink that is on the home link has none of any family. */
  attachmentOf({ configuration, observed }: UplinkState, nowMs: number): Attachment | undefined {
    const { name, bid, weight, addressFamilies = FAMILIES } = configuration;
    const family = this.families.choose(configuration, observed, this.#reachable, nowMs);
    const ipv6 = observed.careOfAddress;
    const isHomeLink = ipv6 !== null && !this.mayServe({ name, careOfAddress: ipv6 });
    if (family === undefined || isHomeLink) return undefined;
    const side = family === 'ipv4' ? observed.ipv4! : { ...observed, careOfAddress: ipv6! };
    const { careOfAddress, validUntilMs, routerLost = false } = side;
    const other = family === 'ipv4' ? ipv6 : observed.ipv4?.careOfAddress;
    const hasOther = addressFamilies.length > 1 && this.#reachable.length > 1;
    return {
      ...{ name, bid, careOfAddress, interfaceIndex: observed.interfaceIndex, weight, routerLost },
      mtuBytes: Math.min(observed.mtuBytes, configuration.mtuBytes ?? observed.mtuBytes),
      ...(validUntilMs !== undefined && { validUntilMs }),
      ...(hasOther && other && { otherAddress: other }),
    };
  }

  /** A care-of address on the home link itself would be none. */
  mayServe({ name, careOfAddress }: Pick<Attachment, 'name' | 'careOfAddress'>): boolean {
    const { uplinks, careOfHomes, homePrefix, homeLink } = this.configuration;
    if (!uplinks.includes(name) && !careOfHomes.includes(name)) return false;
    return !(homeLink && homePrefix && prefixContains(homePrefix, careOfAddress));
  }

  attachmentWith(bid: number): Attachment | undefined {
    return this.serving.find((attachment) => attachment.bid === bid);
  }

  /** Without probes nothing but a new word of the next hop can bring the path back. */
  isDead({ bid, routerLost }: Attachment): boolean {
    return this.probes?.isProbing ? this.probes.isDead(bid) : routerLost;
  }

  paths(all: 'all' | 'usable'): Path[] {
    return this.serving
      .filter((attachment) => all === 'all' || !this.isDead(attachment))
      .map((attachment) => this.#path(attachment));
  }

  #path(attachment: Attachment): Path {
    const { name, bid, careOfAddress, interfaceIndex, validUntilMs, otherAddress } = attachment;
    const { agentIpv4Address } = this.attachment;
    return {
      ...{ name, bid, careOfAddress, interfaceIndex },
      ...(validUntilMs !== undefined && { validUntilMs }),
      ...(otherAddress !== undefined && { hasAlternative: true }),
      ...(isIpv4(careOfAddress) && agentIpv4Address !== undefined && { agentIpv4Address }),
      ...(this.#isTrial(attachment) && { isTrial: true }),
    };
  }

  /** An IPv4 path that seems dead, or that is tried because the other side of its uplink is. */
  #isTrial(attachment: Attachment): boolean {
    if (!isIpv4(attachment.careOfAddress)) return false;
    return this.isDead(attachment) || (this.families.isOtherDead(attachment.name) && !this.binding(attachment));
  }

  /** How an IPv4 care-of address is registered; `undefined` if it is not. */
  reach(attachment: Attachment): Ipv4Reach | undefined {
    const { ipv4 } = this.binding(attachment) ?? {};
    const { careOfAddress } = attachment;
    const { agentIpv4Address } = this.attachment;
    const outer = ipv4 && agentIpv4Address && outerHeader({ careOfAddress, agentIpv4Address }, ipv4.udp);
    return outer && { homeAddress: this.configuration.homeAddress, outer, nat: ipv4.nat === true };
  }

  ipv4Status(attachment: Attachment): Ipv4PathStatus {
    const { ipv4 } = this.binding(attachment) ?? {};
    const keepAliveMs = ipv4?.nat ? this.probes?.keepAliveMs(attachment.bid) : undefined;
    return {
      encapsulation: ipv4 ? (ipv4.udp ? 'udp' : 'ipv4') : null,
      nat: ipv4?.nat ?? null,
      keepAliveSeconds: keepAliveMs === undefined ? null : keepAliveMs / 1000,
    };
  }

  /** The home agent's binding for a care-of address, if it is acknowledged. */
  binding({ bid, careOfAddress }: Attachment): BindingUpdateListEntry | undefined {
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
    const { homeAddress, prefixes } = this.configuration;
    const { ipv4Home } = this.attachment;
    const held = this.agent === undefined ? [] : this.serving.flatMap((attachment) => this.#held(attachment, nowMs));
    // An address that is on two interfaces for a moment makes one tunnel.
    const bound = [...held.filter(({ isAcknowledged }) => isAcknowledged), ...held].filter(
      ({ careOfAddress }, index, all) => all.findIndex((other) => other.careOfAddress === careOfAddress) === index,
    );
    const tunnels = bound.map(({ id, attachment, careOfAddress, udp, usable }): Tunnel => {
      const isOuterIpv4 = isIpv4(careOfAddress);
      const outerDestination = isOuterIpv4 ? this.attachment.agentIpv4Address! : this.agent!;
      const port = udp ? DSMIPV6_UDP_PORT : 0;
      return {
        id,
        encapsulation: udp ? Encapsulation.udp : isOuterIpv4 ? Encapsulation.ipv4 : Encapsulation.ipv6,
        outerSource: careOfAddress,
        outerDestination,
        sourcePort: port,
        destinationPort: port,
        interfaceIndex: attachment.interfaceIndex,
        pathMtuBytes: pathMtu.lookUp(careOfAddress, outerDestination, attachment.mtuBytes, nowMs),
        usable,
      };
    });
    const group: BindingGroup = {
      id: this.#place + 1,
      mode,
      tunnels: bound.map(({ id, attachment: { weight } }) => ({ tunnelId: id, weight })),
      prefixes: [
        ...[homeAddress, ipv4Home?.address ?? []].flat().map(hostPrefix),
        ...prefixes,
        ...(ipv4Home?.prefixes ?? []),
      ],
    };
    return { tunnels, group };
  }

  /**
   * The tunnel of a binding, or what there is of it while the agent is asked: one to receive by, for the acknowledgement
   * can be late or lost, and the one before, by which the agent goes on to send until then (RFC 5555 §5.1).
   */
  #held(attachment: Attachment, nowMs: number): HeldTunnel[] {
    const { careOfAddress } = attachment;
    const { registration } = this.attachment;
    const isPlain = registration?.support === 'unsupported';
    const bid = isPlain ? NO_BID : attachment.bid;
    const entry = registration?.entry(bid);
    const id = this.tunnelId(attachment);
    if (id !== null) {
      const udp = isIpv4(careOfAddress) && (entry?.ipv4?.udp ?? true);
      const usable = !this.isDead(attachment);
      return [{ id, attachment, careOfAddress, udp, isAcknowledged: true, usable }];
    }
    const held: HeldTunnel[] = [];
    const base = this.#place * TUNNEL_IDS;
    const before = entry?.acknowledged ? entry : entry?.previous;
    const isHeldBefore = before !== undefined && before.expiresMs > nowMs;
    if (isHeldBefore && before.careOfAddress === attachment.otherAddress) {
      const udp = before.ipv4?.udp ?? false;
      const usable = !this.families.isOtherDead(attachment.name);
      const tunnelId = base + (isPlain ? PLAIN_TUNNEL_ID : attachment.bid);
      const isAcknowledged = true;
      held.push({ id: tunnelId, attachment, careOfAddress: before.careOfAddress, udp, isAcknowledged, usable });
    }
    // The agent may send by it already: the acknowledgement can be late or lost. And in plain Mobile IPv6 the care-of
    // address that was bound before still gets what was on its way (RFC 6275 §11.5.4).
    if (isPlain || registration?.mayHold(bid, careOfAddress)) {
      const receivingId = held.length > 0 ? base + RECEIVING + attachment.bid : base + attachment.bid;
      const udp = isIpv4(careOfAddress);
      held.push({ id: receivingId, attachment, careOfAddress, udp, isAcknowledged: false, usable: false });
    }
    return held;
  }

  status(nowMs: number): HomeStatus {
    const { name, homeAddress, prefixes, ipv4 } = this.configuration;
    const { registration, ipv4Home, agentIpv4Address } = this.attachment;
    return {
      name,
      homeAddress,
      homeAgentAddress: this.attachment.agent ?? null,
      state: this.attachment.state(nowMs),
      prefixes,
      ...((ipv4 || agentIpv4Address !== undefined) && {
        ipv4: {
          homeAgentAddress: agentIpv4Address ?? null,
          homeAddress: ipv4Home?.address ?? null,
          prefixes: ipv4Home?.prefixes ?? [],
        },
      }),
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
