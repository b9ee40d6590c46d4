import { type Address, addressFromBytes, addressToBytes, formatAddress, parseAddress } from './address.ts';

/** An IP prefix. The bits of `address` behind `length` are zero. */
export interface Prefix {
  readonly address: Address;
  /** In bits: 0 to 32 or 0 to 128. */
  readonly length: number;
}

/** The prefix of `length` bits that holds `address`. */
export function prefixOf(address: Address, length: number): Prefix {
  const bytes = addressToBytes(address);
  if (length < 0 || length > bytes.length * 8) throw new RangeError(`no prefix of ${length} bits`);
  for (let i = 0; i < bytes.length; i++) {
    const kept = Math.min(8, Math.max(0, length - i * 8));
    bytes[i] = bytes[i]! & ((0xff00 >> kept) & 0xff);
  }
  return { address: addressFromBytes(bytes), length };
}

/** The prefix that holds one address alone. */
export function hostPrefix(address: Address): Prefix {
  return { address, length: address.length * 8 };
}

/** Reads `ADDRESS/LENGTH`; `undefined` if it is none or if bits behind the length are set. */
export function parsePrefix(text: string): Prefix | undefined {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match ? parseAddress(match[1]!) : undefined;
  const length = Number(match?.[2]);
  if (address === undefined || length > address.length * 8) return undefined;
  const prefix = prefixOf(address, length);
  return prefix.address === address ? prefix : undefined;
}

/** `parsePrefix` for a text known to be right; throws `TypeError` otherwise. */
export function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  if (!parsed) throw new TypeError(`not an IP prefix: ${text}`);
  return parsed;
}

export function formatPrefix(prefix: Prefix): string {
  return `${formatAddress(prefix.address)}/${prefix.length}`;
}

export function prefixContains(prefix: Prefix, address: Address): boolean {
  if (prefix.address.length !== address.length) return false;
  const whole = prefix.length >> 3;
  if (!address.startsWith(prefix.address.slice(0, whole))) return false;
  const bits = prefix.length & 7;
  if (bits === 0) return true;
  const mask = (0xff00 >> bits) & 0xff;
  return (address.charCodeAt(whole) & mask) === prefix.address.charCodeAt(whole);
}

export function prefixesOverlap(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? prefixContains(a, b.address) : prefixContains(b, a.address);
}

export function samePrefix(a: Prefix, b: Prefix): boolean {
  return a.length === b.length && a.address === b.address;
}
