/** Octets that must not be seen: they appear in no JSON, no text and no enumeration of what holds them. */
export class Secret {
  readonly #octets: Uint8Array;

  constructor(octets: Uint8Array) {
    this.#octets = octets.slice();
  }

  /** For the one place that computes with them. */
  reveal(): Uint8Array {
    return this.#octets;
  }

  equals(other: Secret): boolean {
    return equalInConstantTime(this.#octets, other.#octets);
  }

  toString(): string {
    return 'secret';
  }

  toJSON(): string {
    return 'secret';
  }
}

/** Whether two ranges are equal, in a time that depends on their lengths alone. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
