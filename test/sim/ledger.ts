import { type Address, isIpv4 } from '../../src/bytes/address.ts';
import { DSMIPV6_UDP_PORT } from '../../src/wire/mh/numbers.ts';
import {
  destination,
  HEADER_BYTES,
  hasRightUdpChecksum,
  IPV4_HEADER_BYTES,
  isIpv4Packet,
  isLaterFragment,
  Next,
  nextHeader,
  payloadAt,
  UDP_HEADER_BYTES,
  udp,
  word,
} from './packets.ts';

const MAGIC = 0x6d6f6e61;
const PORT = 4096;
const SHORTEST_PAYLOAD = 16;
/** A packet that has not arrived by then never will. */
export const LONGEST_FLIGHT_MS = 10_000;

/** A packet of the users', on its way. */
export interface Flight {
  readonly id: number;
  /** Whose packet it is: the vehicle at one of its ends. */
  readonly vehicle: number;
  readonly from: string;
  /** Who it is for, by name. */
  readonly receiver: string;
  readonly to: Address;
  readonly sentMs: number;
  readonly bytes: number;
  /** It was sent while everything that it needs had been working long enough. */
  readonly must: boolean;
  /** Why it may be lost in spite of that. */
  excuse: string | undefined;
  /** Where it was last seen to be lost. */
  lostAt: string | undefined;
  delivered: number;
}

/** Keeps count of every user packet from its sender to the one that it is for. */
export class Ledger {
  readonly #flights = new Map<number, Flight>();
  #lastId = 0;
  sent = 0;
  must = 0;
  delivered = 0;
  /** IPv4 packets among the delivered ones. */
  deliveredIpv4 = 0;
  duplicates = 0;
  readonly losses = new Map<string, number>();

  get size(): number {
    return this.#flights.size;
  }

  /** Makes a packet and takes note of it. */
  create(
    flight: { readonly vehicle: number; readonly sender: string; readonly receiver: string; readonly must: boolean },
    from: Address,
    to: Address,
    bytes: number,
    nowMs: number,
  ): Uint8Array {
    const id = ++this.#lastId;
    const header = (isIpv4(from) ? IPV4_HEADER_BYTES : HEADER_BYTES) + UDP_HEADER_BYTES;
    const payload = new Uint8Array(Math.max(SHORTEST_PAYLOAD, bytes - header)).fill(0x55);
    new DataView(payload.buffer).setUint32(0, MAGIC);
    new DataView(payload.buffer).setUint32(4, id);
    this.#flights.set(id, {
      id,
      vehicle: flight.vehicle,
      from: flight.sender,
      receiver: flight.receiver,
      to,
      sentMs: nowMs,
      bytes: payload.length + header,
      must: flight.must,
      excuse: undefined,
      lostAt: undefined,
      delivered: 0,
    });
    this.sent++;
    if (flight.must) this.must++;
    // One flow per vehicle and minute: flows are remembered for two.
    return udp(from, to, [PORT + (Math.floor(nowMs / 60_000) & 0x3f), PORT], payload, isIpv4(from) && id % 2 === 1);
  }

  /** Finds the user packet inside a packet, however deep; `undefined` if there is none or its record is closed. */
  find(packet: Uint8Array): Flight | undefined {
    let inner = packet;
    while (inner.length >= IPV4_HEADER_BYTES && !isLaterFragment(inner)) {
      let at = payloadAt(inner);
      let next = nextHeader(inner);
      if (!isIpv4Packet(inner) && next === Next.fragment) {
        next = inner[at]!;
        at += 8;
      }
      if (next === Next.udp) {
        if (at + 2 * UDP_HEADER_BYTES > inner.length) return undefined;
        const isTunnel = word(inner, at) === DSMIPV6_UDP_PORT || word(inner, at + 2) === DSMIPV6_UDP_PORT;
        at += UDP_HEADER_BYTES;
        if (!isTunnel) return this.#flightIn(inner.subarray(at));
      } else if (next !== Next.ipv6 && next !== Next.ipv4) return undefined;
      inner = inner.subarray(at);
    }
    return undefined;
  }

  #flightIn(payload: Uint8Array): Flight | undefined {
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    return view.getUint32(0) === MAGIC ? this.#flights.get(view.getUint32(4)) : undefined;
  }

  /** A packet has come out at the end. Returns what is wrong with that, if anything. */
  arrive(packet: Uint8Array): { readonly flight: Flight | undefined; readonly problem: string | undefined } {
    if (nextHeader(packet) !== Next.udp) return { flight: undefined, problem: undefined };
    if (!hasRightUdpChecksum(packet)) return { flight: undefined, problem: 'a datagram arrived damaged' };
    const flight = this.find(packet);
    if (!flight) return { flight, problem: undefined };
    if (destination(packet) !== flight.to) return { flight, problem: 'a datagram arrived with another destination' };
    if (flight.delivered === 0) {
      this.delivered++;
      if (isIpv4Packet(packet)) this.deliveredIpv4++;
    } else this.duplicates++;
    flight.delivered++;
    return { flight, problem: undefined };
  }

  lost(packet: Uint8Array, where: string, isExcuse: boolean): void {
    const flight = this.find(packet);
    if (!flight) return;
    flight.lostAt ??= where;
    if (isExcuse) flight.excuse ??= where;
  }

  /** Takes the records that are old enough to be judged. */
  *close(nowMs: number): Iterable<Flight> {
    for (const flight of this.#flights.values()) {
      if (flight.sentMs + LONGEST_FLIGHT_MS > nowMs) return;
      this.#flights.delete(flight.id);
      if (flight.delivered === 0) {
        const where = flight.lostAt ?? 'unseen';
        this.losses.set(where, (this.losses.get(where) ?? 0) + 1);
      }
      yield flight;
    }
  }
}
