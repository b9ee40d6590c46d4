const MODULUS = 0x10000;
const WINDOW = 0x8000;

/**
 * Whether `received` is greater than `last` modulo 2^16: equal numbers and the 32768 before them are not
 * (RFC 6275 §9.5.1).
 */
export function isNewerSequenceNumber(received: number, last: number): boolean {
  const distance = (received - last + MODULUS) % MODULUS;
  return distance !== 0 && distance < WINDOW;
}

export function nextSequenceNumber(last: number): number {
  return (last + 1) % MODULUS;
}
