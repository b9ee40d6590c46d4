import { type Address, formatAddress, parseAddress } from './address.ts';

/** An IP prefix. The bits of `address` behind `length` are zero. */
export interface Prefix {
  readonly address: Address;
  /** In bits: 0 to 32 or 0 to 128. */
  readonly length: number;
}

/** The prefix of `length` bits that holds `address`. */
export function prefixOf(address: Address, length: number): Prefix {
  const octets = address.length;
  if (length < 0 || length > octets * 8) throw new RangeError(`no prefix of ${length} bits`);
  const whole = length >> 3;
  if (whole === octets) return { address, length };
  const edge = address.charCodeAt(whole) & (0xff00 >> (length & 7)) & 0xff;
  const zeros = '\0'.repeat(octets - whole - 1);
  return { address: (address.slice(0, whole) + String.fromCharCode(edge) + zeros) as Address, length };
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
