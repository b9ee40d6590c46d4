/** How often a path is probed and when it is given up. Times in milliseconds. */
export interface ProbePlan {
  readonly enabled: boolean;
  readonly intervalMs: number;
  readonly idleIntervalMs: number;
  readonly failuresUntilDead: number;
  readonly successesUntilAlive: number;
}

/** What the forwarder tells of a path's tunnel. */
export interface PathTraffic {
  readonly sentPackets: number;
  /** Monotonic; 0 if nothing came yet. */
  readonly lastReceivedMs: number;
}

interface ProbedPath {
  dead: boolean;
  nextProbeMs: number;
  /** Last time that anything came by this path. */
  heardMs: number;
  /** When the first probe after that was sent; `undefined` if none was. */
  unansweredSinceMs: number | undefined;
  unanswered: number;
  /** When the probe was sent that makes the path dead if nothing comes after it. */
  lastChanceMs: number;
  answeredInARow: number;
  sentPackets: number;
  roundTripMs: number | undefined;
  /** Between probes of a path that is not in use; what keeps a NAT's mapping may have to be quicker. */
  idleIntervalMs: number;
  /** A single missing answer is told. */
  tellsSilence: boolean;
  /** It has been told of the answer that is missing now. */
  hasToldSilence: boolean;
  outstanding: { readonly sequenceNumber: number; readonly sentMs: number }[];
}

/** Outstanding probes remembered per path, to measure a round trip longer than the interval. */
const REMEMBERED_PROBES = 16;
/** Allowance for the round trip of a path that has answered no probe yet, and the least and the most of any other. */
const UNKNOWN_ROUND_TRIP_MS = 150;
const SHORTEST_ROUND_TRIP_MS = 50;
const LONGEST_ROUND_TRIP_MS = 750;
/** Between probes of a dead path. */
const DEAD_INTERVAL_MS = 1000;

/** A change of opinion about a path. */
export interface PathVerdict {
  readonly key: number;
  readonly dead: boolean;
}

/**
 * Finds out which paths are silently dead. A path that brings anything is alive and is not probed; one that is in use
 * but silent is probed quickly; one that is not in use slowly. Knows no packets: its owner sends the probes.
 */
export class Prober {
  readonly #plan: ProbePlan;
  readonly #paths = new Map<number, ProbedPath>();
  #lastSequenceNumber = 0;

  constructor(plan: ProbePlan) {
    this.#plan = plan;
  }

  /** Starts to watch a path, presumed alive. */
  add(key: number, nowMs: number): void {
    if (!this.#plan.enabled) return;
    this.#paths.set(key, {
      dead: false,
      nextProbeMs: nowMs + this.#plan.intervalMs,
      heardMs: nowMs,
      unansweredSinceMs: undefined,
      unanswered: 0,
      lastChanceMs: 0,
      answeredInARow: 0,
      sentPackets: 0,
      roundTripMs: undefined,
      idleIntervalMs: this.#plan.idleIntervalMs,
      tellsSilence: false,
      hasToldSilence: false,
      outstanding: [],
    });
  }

  /** Sends no probes by a path until it is resumed: they could not be answered. What is known of it stays. */
  pause(key: number): void {
    const path = this.#paths.get(key);
    if (!path) return;
    path.nextProbeMs = Number.POSITIVE_INFINITY;
    path.unanswered = 0;
    path.unansweredSinceMs = undefined;
  }

  /** Begins anew with a path that is known to work at this moment. `tellsSilence`: see `run`. */
  revive(key: number, tellsSilence: boolean, nowMs: number): void {
    const before = this.#paths.get(key);
    if (!before) return;
    this.add(key, nowMs);
    const { roundTripMs, idleIntervalMs, sentPackets } = before;
    const nextProbeMs = nowMs + this.#intervalMs(before);
    Object.assign(this.#paths.get(key)!, { roundTripMs, idleIntervalMs, sentPackets, tellsSilence, nextProbeMs });
  }

  /** The longest silence that a path is left in, which the plan's own bounds. */
  keepAlive(key: number, intervalMs: number): void {
    const path = this.#paths.get(key);
    if (!path) return;
    const idleIntervalMs = Math.min(intervalMs, this.#plan.idleIntervalMs);
    if (idleIntervalMs < path.idleIntervalMs && path.nextProbeMs !== Number.POSITIVE_INFINITY)
      path.nextProbeMs = Math.min(path.nextProbeMs, path.heardMs + idleIntervalMs);
    path.idleIntervalMs = idleIntervalMs;
  }

  /** For how long nothing had come by a path when its first unanswered probe was sent. */
  silenceMs(key: number): number {
    const path = this.#paths.get(key);
    return path?.unansweredSinceMs === undefined ? 0 : path.unansweredSinceMs - path.heardMs;
  }

  remove(key: number): void {
    this.#paths.delete(key);
  }

  isDead(key: number): boolean {
    return this.#paths.get(key)?.dead ?? false;
  }

  /** Of the last answered probe. */
  roundTripMs(key: number): number | undefined {
    return this.#paths.get(key)?.roundTripMs;
  }

  /** Whether a probe with this number waits for its answer. */
  awaits(key: number, sequenceNumber: number): boolean {
    return this.#paths.get(key)?.outstanding.some((sent) => sent.sequenceNumber === sequenceNumber) ?? false;
  }

  get nextDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const path of this.#paths.values()) {
      next = Math.min(next, path.nextProbeMs, this.#verdictMs(path), this.#silentMs(path));
    }
    return next;
  }

  /** Anything that came from the far end by this path. */
  heard(key: number, whenMs: number): void {
    const path = this.#paths.get(key);
    if (!path || path.dead || whenMs <= path.heardMs) return;
    path.heardMs = whenMs;
    if (path.unansweredSinceMs !== undefined && whenMs >= path.unansweredSinceMs) {
      path.unansweredSinceMs = undefined;
      path.unanswered = 0;
      path.hasToldSilence = false;
    }
  }

  /** The path is known to be broken without asking: dead from now on, until probes are answered again. */
  giveUp(key: number, nowMs: number): PathVerdict | undefined {
    const path = this.#paths.get(key);
    if (!path || path.dead) return undefined;
    path.dead = true;
    path.answeredInARow = 0;
    if (path.nextProbeMs !== Number.POSITIVE_INFINITY) {
      path.nextProbeMs = Math.min(path.nextProbeMs, nowMs + DEAD_INTERVAL_MS);
    }
    return { key, dead: true };
  }

  /** Something speaks against the path: the next probe is due now. */
  hurry(key: number, nowMs: number): void {
    const path = this.#paths.get(key);
    if (path && path.nextProbeMs !== Number.POSITIVE_INFINITY) path.nextProbeMs = Math.min(path.nextProbeMs, nowMs);
  }

  /** A probe's answer. Returns the verdict if it changes. */
  answered(key: number, sequenceNumber: number, nowMs: number): PathVerdict | undefined {
    const path = this.#paths.get(key);
    const probe = path?.outstanding.find((sent) => sent.sequenceNumber === sequenceNumber);
    if (!path || !probe) return undefined;
    path.outstanding = path.outstanding.slice(path.outstanding.indexOf(probe) + 1);
    path.roundTripMs = nowMs - probe.sentMs;
    path.heardMs = nowMs;
    path.unansweredSinceMs = undefined;
    path.unanswered = 0;
    path.hasToldSilence = false;
    path.answeredInARow++;
    if (!path.dead) return undefined;
    path.nextProbeMs = Math.min(path.nextProbeMs, nowMs + this.#intervalMs(path));
    if (path.answeredInARow < this.#plan.successesUntilAlive) return undefined;
    path.dead = false;
    return { key, dead: false };
  }

  /**
   * Takes a reading of every tunnel and returns the probes to send now, the paths found dead, and those of which a
   * single answer is missing.
   * `traffic` gives the reading for a path's key, if it has a tunnel.
   */
  run(
    traffic: (key: number) => PathTraffic | undefined,
    nowMs: number,
  ): {
    readonly probes: { readonly key: number; readonly sequenceNumber: number }[];
    readonly verdicts: PathVerdict[];
    readonly silent: number[];
  } {
    const probes: { key: number; sequenceNumber: number }[] = [];
    const verdicts: PathVerdict[] = [];
    const silent: number[] = [];
    for (const [key, path] of this.#paths) {
      if (Math.min(path.nextProbeMs, this.#verdictMs(path), this.#silentMs(path)) > nowMs) continue;
      const reading = traffic(key);
      const inUse = reading !== undefined && reading.sentPackets !== path.sentPackets;
      if (reading) {
        path.sentPackets = reading.sentPackets;
        this.heard(key, reading.lastReceivedMs);
      }
      if (this.#verdictMs(path) <= nowMs) {
        path.dead = true;
        path.answeredInARow = 0;
        verdicts.push({ key, dead: true });
      }
      if (this.#silentMs(path) <= nowMs) {
        path.hasToldSilence = true;
        silent.push(key);
        // Whether it is the path or only the packet is to be known soon.
        path.nextProbeMs = Math.min(path.nextProbeMs, nowMs + this.#intervalMs(path));
      }
      if (path.nextProbeMs > nowMs) continue;
      const intervalMs = this.#intervalMs(path);
      const broughtSomething = nowMs - path.heardMs < intervalMs && path.unanswered === 0;
      if (!path.dead && inUse && broughtSomething) {
        path.nextProbeMs = path.heardMs + intervalMs;
        continue;
      }
      if (path.dead && this.#missesAnswer(path, nowMs)) path.answeredInARow = 0;
      probes.push({ key, sequenceNumber: this.#noteProbe(path, nowMs) });
      path.nextProbeMs = nowMs + this.#nextIntervalMs(path, inUse);
    }
    return { probes, verdicts, silent };
  }

  /** When a path is dead unless something comes by it before; Infinity while too few probes are unanswered. */
  #verdictMs({ dead, unanswered, lastChanceMs, roundTripMs, tellsSilence, unansweredSinceMs }: ProbedPath): number {
    if (dead || unanswered < this.#plan.failuresUntilDead) return Number.POSITIVE_INFINITY;
    // What is done about a silence that was told may help as late as this.
    const helpedMs = tellsSilence ? (unansweredSinceMs ?? 0) + 2 * answerAllowanceMs(roundTripMs) : 0;
    if (roundTripMs === undefined) return Math.max(helpedMs, lastChanceMs + UNKNOWN_ROUND_TRIP_MS);
    // No path is dead for being slower than any other: its own last round trip is always waited for.
    const longestMs = Math.max(LONGEST_ROUND_TRIP_MS, 1.5 * roundTripMs);
    const allowedMs = Math.max(SHORTEST_ROUND_TRIP_MS, Math.min(2 * roundTripMs, longestMs));
    return Math.max(helpedMs, lastChanceMs + allowedMs);
  }

  /** When a first missing answer is told; Infinity where none is missing, or has been told. */
  #silentMs({ tellsSilence, hasToldSilence, dead, unansweredSinceMs, roundTripMs }: ProbedPath): number {
    if (!tellsSilence || hasToldSilence || dead || unansweredSinceMs === undefined) return Number.POSITIVE_INFINITY;
    return unansweredSinceMs + answerAllowanceMs(roundTripMs);
  }

  /** A probe whose answer is merely still under way, on a path with a long round trip, is not a lost one. */
  #missesAnswer({ unansweredSinceMs, roundTripMs }: ProbedPath, nowMs: number): boolean {
    if (unansweredSinceMs === undefined) return false;
    return nowMs - unansweredSinceMs >= answerAllowanceMs(roundTripMs);
  }

  #nextIntervalMs(path: ProbedPath, inUse: boolean): number {
    if (path.dead) return path.answeredInARow > 0 ? this.#intervalMs(path) : DEAD_INTERVAL_MS;
    const isSuspect = path.unanswered > 1;
    return inUse || isSuspect ? this.#intervalMs(path) : path.idleIntervalMs;
  }

  /** Of a path in use: no longer than one that is not may be silent. */
  #intervalMs({ idleIntervalMs }: ProbedPath): number {
    return Math.min(this.#plan.intervalMs, idleIntervalMs);
  }

  #noteProbe(path: ProbedPath, nowMs: number): number {
    this.#lastSequenceNumber = (this.#lastSequenceNumber + 1) & 0xffff;
    path.outstanding.push({ sequenceNumber: this.#lastSequenceNumber, sentMs: nowMs });
    if (path.outstanding.length > REMEMBERED_PROBES) path.outstanding.shift();
    path.unanswered++;
    path.unansweredSinceMs ??= nowMs;
    if (path.unanswered === this.#plan.failuresUntilDead) path.lastChanceMs = nowMs;
    return this.#lastSequenceNumber;
  }
}

function answerAllowanceMs(roundTripMs: number | undefined): number {
  return Math.max(SHORTEST_ROUND_TRIP_MS, 2 * (roundTripMs ?? UNKNOWN_ROUND_TRIP_MS));
}
