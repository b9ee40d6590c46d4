import { type Address, isIpv4 } from '../../bytes/address.ts';
import { type PathTraffic, type PathVerdict, type ProbePlan, Prober } from '../../paths/probing.ts';
import { type Icmpv6Echo, Icmpv6Type } from '../../wire/icmpv6/message.ts';
import type { Icmpv6Packet, OuterHeader } from '../../wire/signalling.ts';
import type { RoleAction } from '../action.ts';
import type { Attachment } from './attachment.ts';
import { FamilyChoice } from './family-choice.ts';
import { DEFAULT_NAT_KEEP_ALIVE_SECONDS, NatKeepAlive } from './nat-keep-alive.ts';

const PROBE_DATA = new Uint8Array(8);
/** Above every BID: the IPv6 side of an uplink that uses IPv4 because its IPv6 side was found dead. */
export const OTHER_SIDE = 0x1_0000;

/** How probes go by a registered IPv4 path: as what the agent's own system answers through the tunnel. */
export interface Ipv4Reach {
  readonly homeAddress: Address;
  readonly outer: OuterHeader;
  readonly nat: boolean;
}

/** Probes the paths to one home agent, for all homes that it keeps. */
export class AgentProbes {
  readonly #agent: Address;
  readonly #identifier: number;
  readonly #prober: Prober;
  /** False where the configuration wants no probes. */
  readonly isProbing: boolean;
  /** Which address family each uplink uses with this agent. */
  readonly families = new FamilyChoice();
  readonly #natKeepAliveSeconds: number;
  readonly #reach = new Map<number, Ipv4Reach>();
  readonly #keepAlives = new Map<number, NatKeepAlive>();
  /** Silences after which a probe got no answer: of a lost mapping, if an update gets one. */
  readonly #silencesMs = new Map<number, number>();
  /** Paths that are without UDP, or were when they were registered last. */
  readonly #plain = new Set<number>();
  /** Paths without UDP by which an update was answered after a probe was not. */
  readonly #answersUdp = new Set<number>();
  #attachments = new Map<number, Attachment>();

  constructor(
    agent: Address,
    plan: ProbePlan,
    identifier: number,
    natKeepAliveSeconds = DEFAULT_NAT_KEEP_ALIVE_SECONDS,
  ) {
    this.#agent = agent;
    this.#identifier = identifier;
    this.#prober = new Prober(plan);
    this.isProbing = plan.enabled;
    this.#natKeepAliveSeconds = natKeepAliveSeconds;
  }

  get nextDeadlineMs(): number {
    return this.#prober.nextDeadlineMs;
  }

  isDead(bid: number): boolean {
    return this.#prober.isDead(bid);
  }

  roundTripMs(bid: number): number | undefined {
    return this.#prober.roundTripMs(bid);
  }

  keepAliveMs(bid: number): number | undefined {
    return this.#keepAlives.get(bid)?.intervalMs;
  }

  /** Whether updates get through by a path, and packets that are not in UDP do not. */
  answersUdpOnly(bid: number): boolean {
    return this.#answersUdp.has(bid);
  }

  /** The care-of addresses there are now: a new one is presumed to work, the other side of an uplink is not. */
  watch(attachments: readonly Attachment[], nowMs: number): void {
    const next = new Map(attachments.map((attachment) => [attachment.bid, attachment]));
    for (const [bid, before] of this.#attachments) {
      if (next.get(bid)?.careOfAddress !== before.careOfAddress) this.#forget(bid);
    }
    for (const [bid, attachment] of next) {
      if (this.#attachments.get(bid)?.careOfAddress !== attachment.careOfAddress) this.#begin(bid, attachment, nowMs);
    }
    this.#attachments = next;
  }

  #begin(bid: number, { careOfAddress }: Attachment, nowMs: number): void {
    this.#prober.add(bid, nowMs);
    if (isIpv4(careOfAddress)) this.#prober.pause(bid);
    if (bid >= OTHER_SIDE) this.#prober.giveUp(bid, nowMs);
  }

  #forget(bid: number): void {
    this.#prober.remove(bid);
    this.#reach.delete(bid);
    this.#keepAlives.delete(bid);
    this.#silencesMs.delete(bid);
    this.#answersUdp.delete(bid);
    this.#plain.delete(bid);
  }

  /** How an IPv4 path is registered, or that it is not: then it cannot be probed. */
  follow(bid: number, reach: Ipv4Reach | undefined, nowMs: number): void {
    const before = this.#reach.get(bid);
    if (!reach) {
      this.#reach.delete(bid);
      if (before) this.#prober.pause(bid);
      return;
    }
    this.#reach.set(bid, reach);
    if (reach.outer.ports) this.#plain.delete(bid);
    else this.#plain.add(bid);
    if (!before || !before.outer.ports !== !reach.outer.ports) this.#prober.revive(bid, true, nowMs);
    if (reach.nat && !this.#keepAlives.has(bid)) {
      this.#keepAlives.set(bid, new NatKeepAlive(this.#natKeepAliveSeconds));
    }
    if (!reach.nat) this.#keepAlives.delete(bid);
    this.#prober.keepAlive(bid, this.#keepAlives.get(bid)?.intervalMs ?? Number.POSITIVE_INFINITY);
  }

  /** An update from a dead IPv4 path was accepted: nothing else could tell that it lives again. */
  revive(bid: number, nowMs: number): void {
    this.#prober.revive(bid, true, nowMs);
  }

  /** The next hop is gone: nothing need be waited for. */
  giveUp(bid: number, nowMs: number): PathVerdict | undefined {
    return this.#prober.giveUp(bid, nowMs);
  }

  /** The path may be broken: it is probed now. */
  hurry(bid: number, nowMs: number): void {
    this.#prober.hurry(bid, nowMs);
  }

  /** Something authentic came from the agent to this care-of address. */
  heard(careOfAddress: Address, nowMs: number): void {
    for (const [bid, attachment] of this.#attachments) {
      if (attachment.careOfAddress !== careOfAddress) continue;
      const silenceMs = this.#silencesMs.get(bid);
      this.#silencesMs.delete(bid);
      // What came in UDP says nothing of packets that are not, and by a slow path it comes when that is dead already.
      if (this.#plain.has(bid)) {
        if (silenceMs !== undefined) this.#answersUdp.add(bid);
        continue;
      }
      if (silenceMs !== undefined) this.#keepAlives.get(bid)?.lost(silenceMs);
      this.#prober.heard(bid, nowMs);
    }
  }

  /** An echo reply from the agent. */
  answered(message: Icmpv6Echo, outer: Icmpv6Packet['outer'], nowMs: number): PathVerdict | undefined {
    if (message.identifier !== this.#identifier) return undefined;
    for (const [bid, { careOfAddress }] of this.#attachments) {
      if (!this.#prober.awaits(bid, message.sequenceNumber)) continue;
      if (isIpv4(careOfAddress) && outer?.destination !== careOfAddress) continue;
      const keepAlive = this.#keepAlives.get(bid);
      keepAlive?.lasted(this.#prober.silenceMs(bid));
      if (keepAlive) this.#prober.keepAlive(bid, keepAlive.intervalMs);
      this.#silencesMs.delete(bid);
      this.#answersUdp.delete(bid);
      const verdict = this.#prober.answered(bid, message.sequenceNumber, nowMs);
      if (verdict) return verdict;
    }
    return undefined;
  }

  /** Sends what is due. `traffic` gives the reading of a BID's tunnels, if it has any. */
  run(
    traffic: (bid: number) => PathTraffic | undefined,
    nowMs: number,
  ): { readonly actions: RoleAction[]; readonly verdicts: readonly PathVerdict[]; readonly silent: readonly number[] } {
    const { probes, verdicts, silent } = this.#prober.run(traffic, nowMs);
    for (const bid of silent) this.#silencesMs.set(bid, this.#prober.silenceMs(bid));
    const actions = probes.flatMap(({ key, sequenceNumber }) => this.#probe(key, sequenceNumber));
    return { actions, verdicts, silent };
  }

  #probe(bid: number, sequenceNumber: number): RoleAction[] {
    const attachment = this.#attachments.get(bid);
    if (!attachment) return [];
    const reach = this.#reach.get(bid);
    if (isIpv4(attachment.careOfAddress) && !reach) return [];
    return [
      {
        type: 'send',
        packet: {
          kind: 'icmpv6',
          ...(reach && { outer: reach.outer }),
          source: reach?.homeAddress ?? attachment.careOfAddress,
          destination: this.#agent,
          message: {
            type: Icmpv6Type.echoRequest,
            identifier: this.#identifier,
            sequenceNumber,
            data: PROBE_DATA,
          },
        },
        interfaceIndex: attachment.interfaceIndex,
      },
    ];
  }
}
