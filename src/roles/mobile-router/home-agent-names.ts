import type { Address } from '../../bytes/address.ts';
import type { DnsRecordType } from '../../wire/dns/message.ts';
import type { RoleAction } from '../action.ts';
import { NameResolution, type NameResolutionInput } from './name-resolution.ts';
import type { ServedHome, UplinkState } from './served-home.ts';

/** What an answer brought for one home. */
interface Found {
  readonly home: ServedHome;
  readonly actions: readonly RoleAction[];
  readonly addresses: readonly Address[];
}

/** The names of all homes' agents: each is looked up for the addresses that the configuration does not give. */
export class HomeAgentNames {
  readonly #lookups: readonly { readonly home: ServedHome; readonly resolution: NameResolution }[];

  constructor(homes: readonly ServedHome[], nameServers: readonly Address[] | undefined, random16: () => number) {
    this.#lookups = homes.flatMap((home) => {
      const { homeAgentName, homeAgentAddress, homeAgentIpv4Address } = home.configuration;
      if (homeAgentName === undefined) return [];
      const unknown = [homeAgentIpv4Address ? [] : 'A', homeAgentAddress ? [] : 'AAAA'].flat() as DnsRecordType[];
      return { home, resolution: new NameResolution(homeAgentName, unknown, random16, nameServers) };
    });
  }

  get nextDeadlineMs(): number {
    return Math.min(Number.POSITIVE_INFINITY, ...this.#lookups.map(({ resolution }) => resolution.nextDeadlineMs));
  }

  /** A name server is asked from the care-of addresses of both families. */
  observe(uplinks: readonly UplinkState[], nowMs: number): RoleAction[] {
    const sources = uplinks.flatMap(({ observed: { careOfAddress, ipv4, interfaceIndex } }) =>
      [careOfAddress ?? [], ipv4?.careOfAddress ?? []].flat().map((source) => ({ source, interfaceIndex })),
    );
    return this.#lookups.flatMap(({ resolution }) => resolution.observe(sources, nowMs));
  }

  handle(input: NameResolutionInput, nowMs: number): Found[] {
    return this.#lookups.map(({ home, resolution }) => ({ home, ...resolution.handle(input, nowMs) }));
  }

  run(nowMs: number): RoleAction[] {
    return this.#lookups.flatMap(({ resolution }) => resolution.run(nowMs));
  }
}
