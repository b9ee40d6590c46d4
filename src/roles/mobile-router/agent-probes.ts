import type { Address } from '../../bytes/address.ts';
import { type PathTraffic, type PathVerdict, type ProbePlan, Prober } from '../../paths/probing.ts';
import { type Icmpv6Echo, Icmpv6Type } from '../../wire/icmpv6/message.ts';
import type { RoleAction } from '../action.ts';
import type { Attachment } from './attachment.ts';

const PROBE_DATA = new Uint8Array(8);

/** Probes the paths to one home agent, for all homes that it keeps. */
export class AgentProbes {
  readonly #agent: Address;
  readonly #identifier: number;
  readonly #prober: Prober;
  /** False where the configuration wants no probes. */
  readonly isProbing: boolean;
  #attachments = new Map<number, Attachment>();

  constructor(agent: Address, plan: ProbePlan, identifier: number) {
    this.#agent = agent;
    this.#identifier = identifier;
    this.#prober = new Prober(plan);
    this.isProbing = plan.enabled;
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

  /** The care-of addresses there are now: a new one is presumed to work. */
  watch(attachments: readonly Attachment[], nowMs: number): void {
    const next = new Map(attachments.map((attachment) => [attachment.bid, attachment]));
    for (const [bid, before] of this.#attachments) {
      if (next.get(bid)?.careOfAddress !== before.careOfAddress) this.#prober.remove(bid);
    }
    for (const [bid, attachment] of next) {
      if (this.#attachments.get(bid)?.careOfAddress !== attachment.careOfAddress) this.#prober.add(bid, nowMs);
    }
    this.#attachments = next;
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
      if (attachment.careOfAddress === careOfAddress) this.#prober.heard(bid, nowMs);
    }
  }

  /** An echo reply from the agent. */
  answered(message: Icmpv6Echo, nowMs: number): PathVerdict | undefined {
    if (message.identifier !== this.#identifier) return undefined;
    for (const bid of this.#attachments.keys()) {
      const verdict = this.#prober.answered(bid, message.sequenceNumber, nowMs);
      if (verdict) return verdict;
    }
    return undefined;
  }

  /** Sends what is due. `traffic` gives the reading of a BID's tunnels, if it has any. */
  run(
    traffic: (bid: number) => PathTraffic | undefined,
    nowMs: number,
  ): { readonly actions: RoleAction[]; readonly verdicts: readonly PathVerdict[] } {
    const { probes, verdicts } = this.#prober.run(traffic, nowMs);
    const actions = probes.flatMap(({ key, sequenceNumber }) => this.#probe(key, sequenceNumber));
    return { actions, verdicts };
  }

  #probe(bid: number, sequenceNumber: number): RoleAction[] {
    const attachment = this.#attachments.get(bid);
    if (!attachment) return [];
    return [
      {
        type: 'send',
        packet: {
          kind: 'icmpv6',
          source: attachment.careOfAddress,
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
