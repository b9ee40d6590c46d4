// Machines that do one thing wrong, to see the invariants notice.
import type { StackAction, StackInput } from '../../src/stack/stack.ts';
import type { MobilityMessage } from '../../src/wire/mh/messages/message.ts';
import { encodeSignalling } from '../../src/wire/signalling.ts';
import { type Machines, REAL_MACHINES, type RunningForwarder, type RunningStack } from './monami-host.ts';
import { read } from './witness.ts';

/** What a broken stack does in the place of the real one. */
export interface StackChanges {
  handle?(input: StackInput, nowMs: number): StackAction[];
  /** Asked for with the time of the last input. */
  nextDeadlineMs?(nowMs: number): number;
  withdraw?(): ReturnType<RunningStack['withdraw']>;
}

export function stackThat(change: (real: RunningStack) => StackChanges): Machines {
  return {
    ...REAL_MACHINES,
    stack: (configuration, services) => {
      const real = REAL_MACHINES.stack(configuration, services);
      const changes = change(real);
      let lastMs = 0;
      return {
        handle: (input, nowMs) => {
          lastMs = nowMs;
          return changes.handle?.(input, nowMs) ?? real.handle(input, nowMs);
        },
        get nextDeadlineMs() {
          return changes.nextDeadlineMs?.(lastMs) ?? real.nextDeadlineMs;
        },
        status: (nowMs) => real.status(nowMs),
        leftovers: (messages) => real.leftovers(messages),
        withdraw: () => changes.withdraw?.() ?? real.withdraw(),
      };
    },
  };
}

export function forwarderThat(change: (real: RunningForwarder) => Partial<RunningForwarder>): Machines {
  return {
    ...REAL_MACHINES,
    forwarder: () => {
      const real = REAL_MACHINES.forwarder();
      return {
        apply: (table) => real.apply(table),
        inbound: (packet, nowMs) => real.inbound(packet, nowMs),
        outbound: (packet, nowMs) => real.outbound(packet, nowMs),
        statistics: (nowMs) => real.statistics(nowMs),
        ...change(real),
      };
    },
  };
}

/** A stack that says something else than the real one. */
export function stackThatSends(
  change: (message: MobilityMessage, nowMs: number) => MobilityMessage | undefined,
): Machines {
  return stackThat((real) => ({
    handle: (input, nowMs) =>
      real.handle(input, nowMs).flatMap((action) => {
        if (action.type !== 'send') return action;
        const bytes = withMessage(action.bytes, (message) => change(message, nowMs));
        return bytes ? { ...action, bytes } : [];
      }),
  }));
}

/** A stack that hears something else than what was said. */
export function stackThatHears(change: (message: MobilityMessage) => MobilityMessage | undefined): Machines {
  return stackThat((real) => ({
    handle: (input, nowMs) => {
      if (input.type !== 'packet') return real.handle(input, nowMs);
      const bytes = withMessage(input.bytes, change);
      return bytes ? real.handle({ ...input, bytes }, nowMs) : [];
    },
  }));
}

/** The packet with another mobility message in it; `undefined` for none at all. */
function withMessage(
  bytes: Uint8Array,
  change: (message: MobilityMessage) => MobilityMessage | undefined,
): Uint8Array | undefined {
  const packet = read(bytes);
  if (!packet) return bytes;
  const message = change(packet.message);
  if (message === packet.message) return bytes;
  return message && encodeSignalling({ ...packet, message });
}
