import type { MobilityMessage } from '../wire/mh/messages/message.ts';
import { MessageType } from '../wire/mh/numbers.ts';

const MESSAGE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(MessageType).map(([name, number]) => [number, name]),
);

/** A mobility message's name in the counters; `unknown` for a type that we don't speak. */
export function messageName(message: MobilityMessage): string {
  return message.type === 'unknown' ? 'unknown' : (MESSAGE_NAMES.get(message.type) ?? 'unknown');
}

/** Drops by reason, messages by direction and name. */
export class Counters {
  readonly #drops = new Map<string, number>();
  readonly #messages = new Map<string, number>();

  countDrop(reason: string): void {
    this.#drops.set(reason, (this.#drops.get(reason) ?? 0) + 1);
  }

  countMessage(direction: 'sent' | 'received', name: string): void {
    const key = `${direction}.${name}`;
    this.#messages.set(key, (this.#messages.get(key) ?? 0) + 1);
  }

  drops(): Record<string, number> {
    return Object.fromEntries(this.#drops);
  }

  messages(): Record<string, number> {
    return Object.fromEntries(this.#messages);
  }
}
