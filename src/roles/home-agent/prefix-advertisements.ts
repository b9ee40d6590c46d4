import { DeadlineQueue } from '../../bindings/deadline-queue.ts';
import type { Address } from '../../bytes/address.ts';
import type { PrefixAdvertisementConfiguration } from '../../config/configuration.ts';
import type { PrefixInformationOption } from '../../wire/icmpv6/neighbor-options.ts';
import { Icmpv6Type } from '../../wire/icmpv6/numbers.ts';
import type { Icmpv6Packet, OuterHeader } from '../../wire/signalling.ts';

/** RFC 6275 §12. */
const PREFIX_ADV_TIMEOUT_MS = 3000;
const PREFIX_ADV_RETRIES = 3;
/** No mobile node gets more than one within it (RFC 6275 §6.8). */
const SHORTEST_GAP_MS = 1000;

/** What is sent to one mobile node, and when. */
interface Schedule {
  nextMs: number;
  /** The next one answers this; else it is unsolicited. */
  solicitation: Solicitation | undefined;
  /** The next one is the last one again, which was not acknowledged. */
  isRetry: boolean;
  /** The next one tells of a change, and keeps its time when there are more. */
  tellsChange: boolean;
  lastMs: number;
  retries: number;
  /** All retries went unacknowledged. */
  gaveUp: boolean;
  /** Prefixes of an unsolicited one that is not acknowledged. */
  unacknowledged: readonly PrefixInformationOption[];
}

/** Where advertisements go, and what is in them. */
export interface PrefixAdvertisementSource {
  /** Our address that the node registered with, and its care-of address; `undefined` without a binding. */
  registration(homeAddress: Address): Registration | undefined;
  prefixes(homeAddress: Address, nowMs: number): readonly PrefixInformationOption[];
  /** Of the home address's prefix. */
  preferredSeconds(homeAddress: Address, nowMs: number): number;
}

interface Registration {
  readonly agentAddress: Address;
  readonly careOfAddress: Address;
  /** The way to an IPv4 care-of address. */
  readonly outer?: OuterHeader;
}

/** Who asked, and the way back if it was from an IPv4 care-of address. */
interface Solicitation {
  readonly source: Address;
  readonly identifier: number;
  readonly outer?: OuterHeader;
}

/** Tells mobile nodes that are away about the prefixes of their home link (RFC 6275 §10.6). */
export class PrefixAdvertisements {
  readonly #configuration: PrefixAdvertisementConfiguration;
  readonly #source: PrefixAdvertisementSource;
  readonly #random16: () => number;
  readonly #schedules = new Map<Address, Schedule>();
  readonly #deadlines = new DeadlineQueue<Address>();

  constructor(
    configuration: PrefixAdvertisementConfiguration,
    source: PrefixAdvertisementSource,
    random16: () => number,
  ) {
    this.#configuration = configuration;
    this.#source = source;
    this.#random16 = random16;
  }

  get nextDeadlineMs(): number {
    return this.#deadlines.nextMs;
  }

  /** A node that is away has registered or refreshed a care-of address. */
  registered(homeAddress: Address, nowMs: number): void {
    if (!this.#configuration.enabled) return;
    const schedule = this.#schedules.get(homeAddress);
    if (!schedule) {
      this.#schedules.set(homeAddress, newSchedule());
      this.#scheduleAtRandom(homeAddress, nowMs);
    } else if (schedule.gaveUp) {
      // It was out of reach when it was told last; now it is not.
      schedule.gaveUp = false;
      this.#schedule(homeAddress, nowMs);
    }
  }

  /** The node is at home, or has no binding any more: nothing is sent. */
  withdrawn(homeAddress: Address): void {
    this.#schedules.delete(homeAddress);
  }

  /** The prefixes of the link of some home addresses have changed in a way that their nodes must hear of. */
  changed(concerns: (homeAddress: Address) => boolean, nowMs: number): void {
    for (const [homeAddress, schedule] of this.#schedules) {
      if (!concerns(homeAddress)) continue;
      if (schedule.isRetry) {
        // What was not acknowledged goes out again with what is new, as a new advertisement.
        schedule.isRetry = false;
        schedule.tellsChange = true;
      } else if (!schedule.tellsChange) {
        schedule.tellsChange = true;
        this.#scheduleAtRandom(homeAddress, nowMs);
      }
    }
  }

  /** A solicitation from a registered node: answered at once, and it acknowledges what was sent before. */
  solicited(homeAddress: Address, solicitation: Solicitation, nowMs: number): void {
    if (!this.#configuration.enabled) return;
    const schedule = this.#schedules.get(homeAddress) ?? newSchedule();
    this.#schedules.set(homeAddress, schedule);
    schedule.unacknowledged = [];
    schedule.isRetry = false;
    schedule.gaveUp = false;
    schedule.solicitation = solicitation;
    this.#schedule(homeAddress, nowMs);
  }

  /** The advertisements whose time has come. */
  run(nowMs: number): Icmpv6Packet[] {
    const packets: Icmpv6Packet[] = [];
    for (let key = this.#deadlines.popDue(nowMs); key !== undefined; key = this.#deadlines.popDue(nowMs)) {
      const schedule = this.#schedules.get(key);
      if (!schedule || schedule.nextMs > nowMs) continue;
      const registration = this.#source.registration(key);
      if (registration) packets.push(this.#send(key, schedule, registration, nowMs));
      else this.#schedules.delete(key);
    }
    return packets;
  }

  #send(homeAddress: Address, schedule: Schedule, registration: Registration, nowMs: number): Icmpv6Packet {
    const current = this.#source.prefixes(homeAddress, nowMs);
    const gone = schedule.unacknowledged.filter((old) => !current.some((option) => isSamePrefix(option, old)));
    const options = [...current, ...gone];
    const { solicitation } = schedule;
    schedule.lastMs = nowMs;
    schedule.nextMs = Number.POSITIVE_INFINITY;
    schedule.solicitation = undefined;
    schedule.tellsChange = false;
    if (solicitation) {
      schedule.unacknowledged = [];
      this.#scheduleAtRandom(homeAddress, nowMs);
    } else {
      schedule.unacknowledged = options;
      this.#scheduleRetry(homeAddress, schedule, nowMs);
    }
    const outer = solicitation ? solicitation.outer : registration.outer;
    return {
      kind: 'icmpv6',
      ...(outer && { outer }),
      source: registration.agentAddress,
      destination: solicitation?.source ?? (outer ? homeAddress : registration.careOfAddress),
      routing2: homeAddress,
      message: {
        type: Icmpv6Type.mobilePrefixAdvertisement,
        identifier: solicitation?.identifier ?? 0,
        // M and O stay clear: DHCPv6 through the tunnel is not offered (RFC 6275 §10.4.4).
        flags: 0,
        options,
      },
    };
  }

  #scheduleRetry(homeAddress: Address, schedule: Schedule, nowMs: number): void {
    schedule.retries = schedule.isRetry ? schedule.retries + 1 : 0;
    schedule.isRetry = schedule.retries < PREFIX_ADV_RETRIES;
    schedule.gaveUp = !schedule.isRetry;
    if (schedule.gaveUp) this.#scheduleAtRandom(homeAddress, nowMs);
    else this.#schedule(homeAddress, nowMs + PREFIX_ADV_TIMEOUT_MS * 2 ** schedule.retries);
  }

  /** RAND_ADV_DELAY from now (RFC 6275 §10.6.2), unless one is due before. */
  #scheduleAtRandom(homeAddress: Address, nowMs: number): void {
    const { minimumIntervalSeconds, maximumIntervalSeconds } = this.#configuration;
    const mostSeconds = Math.min(maximumIntervalSeconds, this.#source.preferredSeconds(homeAddress, nowMs));
    const spanSeconds = Math.floor(Math.abs(mostSeconds - minimumIntervalSeconds));
    const random = this.#random16() * 0x10000 + this.#random16();
    const delaySeconds = minimumIntervalSeconds + (spanSeconds === 0 ? 0 : random % spanSeconds);
    this.#schedule(homeAddress, nowMs + delaySeconds * 1000);
  }

  #schedule(homeAddress: Address, atMs: number): void {
    const schedule = this.#schedules.get(homeAddress)!;
    const nextMs = Math.max(atMs, schedule.lastMs + SHORTEST_GAP_MS);
    if (nextMs >= schedule.nextMs) return;
    schedule.nextMs = nextMs;
    this.#deadlines.push(nextMs, homeAddress);
  }
}

function newSchedule(): Schedule {
  return {
    nextMs: Number.POSITIVE_INFINITY,
    solicitation: undefined,
    isRetry: false,
    tellsChange: false,
    lastMs: Number.NEGATIVE_INFINITY,
    retries: 0,
    gaveUp: false,
    unacknowledged: [],
  };
}

function isSamePrefix(a: PrefixInformationOption, b: PrefixInformationOption): boolean {
  return a.prefixLength === b.prefixLength && a.address === b.address;
}
