import type { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** How one direction of a link treats packets. Probabilities from 0 to 1. */
export interface LinkQuality {
  readonly delayMs: number;
  /** Added to the delay, evenly from 0 to this. */
  readonly jitterMs: number;
  readonly loss: number;
  readonly duplication: number;
  /** A packet that is held back and overtaken by later ones. */
  readonly reordering: number;
  readonly mtuBytes: number;
}

export const CLEAN: LinkQuality = {
  delayMs: 20,
  jitterMs: 5,
  loss: 0,
  duplication: 0,
  reordering: 0,
  mtuBytes: 1500,
};

/** Why a packet did not get through a link: `chance` is the only one that says nothing about the link's state. */
export type LinkLoss = 'chance' | 'down' | 'silent' | 'too-big';

/** One direction of a link. In order, but for the packets that are held back. */
export class Channel {
  quality: LinkQuality;
  /** `silent`: takes packets and delivers none, without anybody being told. */
  state: 'up' | 'down' | 'silent' = 'up';
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  readonly #deliver: (packet: Uint8Array) => void;
  readonly #lost: (packet: Uint8Array, why: LinkLoss) => void;
  #lastArrivalMs = 0;
  /** What it has done to packets, for the account of what a world has been through. */
  readonly done = { lost: 0, doubled: 0, heldBack: 0, refusedForSize: 0, swallowed: 0 };

  constructor(
    scheduler: Scheduler,
    random: Random,
    quality: LinkQuality,
    deliver: (packet: Uint8Array) => void,
    lost: (packet: Uint8Array, why: LinkLoss) => void,
  ) {
    this.#scheduler = scheduler;
    this.#random = random;
    this.quality = quality;
    this.#deliver = deliver;
    this.#lost = lost;
  }

  send(packet: Uint8Array): void {
    const { loss, duplication, mtuBytes } = this.quality;
    if (this.state !== 'up') {
      if (this.state === 'silent') this.done.swallowed++;
      this.#lost(packet, this.state);
    } else if (packet.length > mtuBytes) {
      this.done.refusedForSize++;
      this.#lost(packet, 'too-big');
    } else if (this.#random.chance(loss)) {
      this.done.lost++;
      this.#lost(packet, 'chance');
    } else {
      this.#transport(packet);
      if (!this.#random.chance(duplication)) return;
      this.done.doubled++;
      this.#transport(packet);
    }
  }

  #transport(packet: Uint8Array): void {
    const { delayMs, jitterMs, reordering } = this.quality;
    let arrivalMs = this.#scheduler.nowMs + delayMs + this.#random.uniform(0, jitterMs);
    if (this.#random.chance(reordering)) {
      this.done.heldBack++;
      arrivalMs += this.#random.uniform(1, 2 * (delayMs + jitterMs) + 10);
    } else {
      arrivalMs = Math.max(arrivalMs, this.#lastArrivalMs);
      this.#lastArrivalMs = arrivalMs;
    }
    this.#scheduler.at(arrivalMs, () => {
      if (this.state === 'up') this.#deliver(packet);
      else this.#lost(packet, this.state);
    });
  }
}
