import { type Address, isIpv4 } from '../../bytes/address.ts';
import type { MobileRouterConfiguration } from '../../config/configuration.ts';
import type { PathTraffic } from '../../paths/probing.ts';
import type { Icmpv6Echo } from '../../wire/icmpv6/message.ts';
import type { Icmpv6Packet } from '../../wire/signalling.ts';
import type { RoleAction } from '../action.ts';
import type { RoleServices } from '../services.ts';
import { AgentProbes, OTHER_SIDE } from './agent-probes.ts';
import type { Attachment } from './attachment.ts';
import type { ServedHome, UplinkState } from './served-home.ts';
import type { CareOfAddressUnanswered } from './verdict.ts';

type ReadTraffic = (tunnelId: number) => PathTraffic | undefined;
/** A path to a home agent, by the BID of its care-of address. */
type AgentPath = readonly [agent: Address, bid: number];

/** Which care-of addresses serve which home, and which of them lead to its agent: what probes and answers say. */
export class ServingPaths {
  readonly #homes: readonly ServedHome[];
  readonly #uplinks: readonly UplinkState[];
  readonly #homeBids: ReadonlyMap<string, number>;
  readonly #configuration: MobileRouterConfiguration;
  readonly #services: RoleServices;
  readonly #probes = new Map<Address, AgentProbes>();
  /** Then no uplink serves any more. */
  isShuttingDown = false;

  /** `homeBids`: the Binding Identifier of a home address that serves as care-of address, by the home's name. */
  constructor(
    homes: readonly ServedHome[],
    uplinks: readonly UplinkState[],
    homeBids: ReadonlyMap<string, number>,
    configuration: MobileRouterConfiguration,
    services: RoleServices,
  ) {
    this.#homes = homes;
    this.#uplinks = uplinks;
    this.#homeBids = homeBids;
    this.#configuration = configuration;
    this.#services = services;
  }

  get nextDeadlineMs(): number {
    return Math.min(
      Number.POSITIVE_INFINITY,
      ...[...this.#probes.values()].map(({ nextDeadlineMs }) => nextDeadlineMs),
    );
  }

  #keptBy(agent: Address): readonly ServedHome[] {
    return this.#homes.filter((home) => home.agent === agent);
  }

  /** Probes each home's agent; returns the homes that have another one than before. */
  followAgents(nowMs: number): ServedHome[] {
    const changed = this.#homes.filter((home) => home.agent !== home.attachment.agent);
    for (const home of changed) {
      home.agent = home.attachment.agent;
      if (home.agent === undefined) continue;
      const probes =
        this.#probes.get(home.agent) ??
        new AgentProbes(
          home.agent,
          this.#configuration.probe,
          this.#services.random16(),
          this.#configuration.natKeepAliveSeconds,
        );
      this.#probes.set(home.agent, probes);
      home.probes = probes;
    }
    for (const agent of this.#probes.keys()) {
      if (!this.#homes.some((home) => home.agent === agent)) this.#probes.delete(agent);
    }
    if (changed.length > 0) this.serve(nowMs);
    return changed;
  }

  /** Which care-of addresses serve which home, and which are probed. */
  serve(nowMs: number): void {
    const uplinks = this.isShuttingDown ? [] : this.#uplinks;
    const homeAttachments = this.#homeAttachments();
    for (const home of this.#homes) {
      const abroad = uplinks.flatMap((state) => home.attachmentOf(state, nowMs) ?? []);
      home.serving = [...abroad, ...homeAttachments].filter((attachment) => home.mayServe(attachment));
    }
    for (const [agent, probes] of this.#probes) {
      const served = this.#keptBy(agent).flatMap(({ serving }) => serving);
      const others = served.filter(({ name }) => probes.families.isOtherDead(name));
      const watched = [...served, ...others.flatMap(ipv6Side)];
      probes.watch([...new Map(watched.map((attachment) => [attachment.bid, attachment])).values()], nowMs);
    }
  }

  /** A path found dead: if the uplink has IPv4 too, that is tried, while the IPv6 side is listened to. */
  #tryOtherFamily(home: ServedHome, bid: number, nowMs: number): void {
    const attachment = home.attachmentWith(bid);
    if (!attachment?.otherAddress || isIpv4(attachment.careOfAddress)) return;
    home.probes?.families.giveUp(attachment.name, 'ipv6', 'dead');
    this.serve(nowMs);
  }

  /** The next hops of these uplinks are gone: their paths are dead unless probes know it already. */
  routersLost(bids: readonly number[], nowMs: number): void {
    for (const home of this.#homes) {
      for (const { bid, routerLost } of home.serving) {
        if (!routerLost || !bids.includes(bid)) continue;
        const isNews = home.probes?.isProbing ? home.probes.giveUp(bid, nowMs) : true;
        if (isNews) this.#tryOtherFamily(home, bid, nowMs);
      }
    }
  }

  /** IPv4 may have come to an uplink whose IPv6 side has been dead for long. */
  tryOtherFamilyOfDead(nowMs: number): void {
    for (const home of this.#homes) {
      for (const attachment of home.serving) {
        if (home.isDead(attachment)) this.#tryOtherFamily(home, attachment.bid, nowMs);
      }
    }
  }

  /** Uplinks whose updates got no answer by one family try the other one. */
  unanswered(home: ServedHome, verdicts: readonly CareOfAddressUnanswered[]): void {
    for (const { uplink, careOfAddress } of verdicts) {
      home.families.giveUp(uplink, isIpv4(careOfAddress) ? 'ipv4' : 'ipv6', 'unanswered');
    }
  }

  /** Home addresses that are in use on their own home link can be care-of addresses of other homes. */
  #homeAttachments(): Attachment[] {
    return this.#homes.flatMap(({ attachment, configuration: { name, homeAddress } }) => {
      const link = attachment.homeLink;
      if (!attachment.isAtHome || !link) return [];
      const { interfaceIndex, mtuBytes } = link;
      const bid = this.#homeBids.get(name)!;
      return [{ name, bid, careOfAddress: homeAddress, interfaceIndex, mtuBytes, weight: 1, routerLost: false }];
    });
  }

  /** Whether a home has been reached or left, so that it becomes, or ceases to be, a care-of address of others. */
  get haveHomesMoved(): boolean {
    const now = this.#homeAttachments().map(({ bid }) => bid);
    const used = this.#homes.flatMap(({ serving }) => serving.map(({ bid }) => bid));
    return [...this.#homeBids].some(([name, bid]) => {
      const isWanted =
        now.includes(bid) && this.#homes.some(({ configuration }) => configuration.careOfHomes.includes(name));
      return used.includes(bid) !== isWanted;
    });
  }

  /** An echo reply from an agent; whether it brought a path back. */
  answered(agent: Address, message: Icmpv6Echo, outer: Icmpv6Packet['outer'], nowMs: number): boolean {
    const verdict = this.#probes.get(agent)?.answered(message, outer, nowMs);
    if (verdict && verdict.key >= OTHER_SIDE) this.#returnToIpv6(agent, verdict.key - OTHER_SIDE, nowMs);
    return verdict !== undefined;
  }

  /** The IPv6 side of an uplink lives again; unless its IPv4 side has taken over by now, it is back in use. */
  #returnToIpv6(agent: Address, bid: number, nowMs: number): void {
    const homes = this.#keptBy(agent);
    const serving = homes.flatMap((home) => home.serving.filter((attachment) => attachment.bid === bid));
    const isRegistered = homes.some((home) => serving.some((attachment) => home.state(attachment) === 'active'));
    if (isRegistered) return;
    for (const { name } of serving) this.#probes.get(agent)?.families.forget(name);
    this.serve(nowMs);
  }

  /** Whether an accepted update has shown that an IPv4 path works, dead or not so far: nothing else can. */
  provesIpv4(home: ServedHome, careOfAddress: Address, nowMs: number): boolean {
    const attachment = home.serving.find((candidate) => candidate.careOfAddress === careOfAddress);
    if (!attachment || !home.reach(attachment)) return false;
    if (home.probes?.isDead(attachment.bid)) home.probes.revive(attachment.bid, nowMs);
    return true;
  }

  /** Registered IPv4 paths are probed as they are registered, the others not at all. */
  followIpv4(nowMs: number): void {
    for (const [agent, probes] of this.#probes) {
      const homes = this.#keptBy(agent);
      for (const attachment of homes.flatMap(({ serving }) => serving)) {
        if (!isIpv4(attachment.careOfAddress)) continue;
        const reach = homes.map((home) => home.serving.includes(attachment) && home.reach(attachment)).find(Boolean);
        probes.follow(attachment.bid, reach || undefined, nowMs);
      }
    }
  }

  /** The paths by an uplink may be broken: they are tested at once. */
  hurry(bid: number, nowMs: number): void {
    for (const probes of this.#probes.values()) probes.hurry(bid, nowMs);
  }

  /** Probes what is due. `silent`: paths by which an answer is overdue. */
  run(
    traffic: ReadTraffic,
    nowMs: number,
  ): { readonly sent: RoleAction[]; readonly silent: readonly AgentPath[]; readonly dead: readonly AgentPath[] } {
    const sent: RoleAction[] = [];
    const silent: AgentPath[] = [];
    const dead: AgentPath[] = [];
    for (const [agent, probes] of this.#probes) {
      const turn = probes.run((bid) => this.#traffic(agent, bid, traffic), nowMs);
      sent.push(...turn.actions);
      for (const bid of turn.silent) silent.push([agent, bid]);
      for (const verdict of turn.verdicts) if (verdict.dead) dead.push([agent, verdict.key]);
    }
    return { sent, silent, dead };
  }

  /** Another address family, or another encapsulation: what could help is tried. */
  foundDead(agent: Address, bid: number, nowMs: number): void {
    for (const home of this.#keptBy(agent)) {
      const attachment = home.attachmentWith(bid);
      if (!attachment) continue;
      if (home.probes?.answersUdpOnly(bid)) home.attachment.registration?.forceUdp(attachment.careOfAddress, nowMs);
      this.#tryOtherFamily(home, bid, nowMs);
    }
  }

  /** What gets no answer by an IPv4 path may be a NAT's that has forgotten: an update makes it a new mapping. */
  renewMapping(agent: Address, bid: number, nowMs: number): RoleAction[] {
    return this.#keptBy(agent).flatMap((home) => {
      const attachment = home.attachmentWith(bid);
      if (!attachment || !isIpv4(attachment.careOfAddress)) return [];
      return home.attachment.refreshRequested([bid], nowMs);
    });
  }

  /** Of all tunnels by one path to one agent. */
  #traffic(agent: Address, bid: number, traffic: ReadTraffic): PathTraffic | undefined {
    const readings = this.#keptBy(agent).flatMap((home) => {
      const attachment = home.attachmentWith(bid);
      const tunnelId = attachment ? home.tunnelId(attachment) : null;
      return (tunnelId === null ? undefined : traffic(tunnelId)) ?? [];
    });
    if (readings.length === 0) return undefined;
    return {
      sentPackets: readings.reduce((sum, { sentPackets }) => sum + sentPackets, 0),
      lastReceivedMs: Math.max(...readings.map(({ lastReceivedMs }) => lastReceivedMs)),
    };
  }
}

/** The side of an uplink that is not in use, under a number of its own. */
function ipv6Side(attachment: Attachment): Attachment[] {
  const { otherAddress, bid } = attachment;
  if (otherAddress === undefined || isIpv4(otherAddress)) return [];
  return [{ ...attachment, bid: OTHER_SIDE + bid, careOfAddress: otherAddress }];
}
