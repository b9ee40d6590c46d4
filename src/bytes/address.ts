declare const brand: unique symbol;

/**
 * An IPv4 or IPv6 address: a string of 4 or 16 characters, one per octet (code 0 to 255).
 * Compares with `===`, serves as a Map key, and costs one small string. Print it with `formatAddress`.
 */
export type Address = string & { readonly [brand]: 'Address' };

const EIGHT_ZEROS = '\0'.repeat(8);

export const IPV4_UNSPECIFIED = '\0'.repeat(4) as Address;
export const IPV6_UNSPECIFIED = '\0'.repeat(16) as Address;

export function isIpv6(address: Address): boolean {
  return address.length === 16;
}

export function isIpv4(address: Address): boolean {
  return address.length === 4;
}

/** The address in the 4 or 16 octets of `bytes`. */
export function addressFromBytes(bytes: Uint8Array): Address {
  if (bytes.length === 16) return ipv6AddressAt(bytes, 0);
  if (bytes.length === 4) return ipv4AddressAt(bytes, 0);
  throw new RangeError(`an address has 4 or 16 octets, not ${bytes.length}`);
}

/** The IPv6 address in the 16 octets from index `at`, which the caller knows to be there. */
export function ipv6AddressAt(bytes: Uint8Array, at: number): Address {
  // Sixteen arguments written out: under an interpreter several times faster than a loop or a spread.
  return String.fromCharCode(
    bytes[at]!,
    bytes[at + 1]!,
    bytes[at + 2]!,
    bytes[at + 3]!,
    bytes[at + 4]!,
    bytes[at + 5]!,
    bytes[at + 6]!,
    bytes[at + 7]!,
    bytes[at + 8]!,
    bytes[at + 9]!,
    bytes[at + 10]!,
    bytes[at + 11]!,
    bytes[at + 12]!,
    bytes[at + 13]!,
    bytes[at + 14]!,
    bytes[at + 15]!,
  ) as Address;
}

/** The IPv4 address in the 4 octets from index `at`, which the caller knows to be there. */
export function ipv4AddressAt(bytes: Uint8Array, at: number): Address {
  return String.fromCharCode(bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!) as Address;
}

/** The 4 or 16 octets of an address. */
export function addressToBytes(address: Address): Uint8Array {
  const bytes = new Uint8Array(address.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = address.charCodeAt(i);
  return bytes;
}

/** Reads the text form of an IPv4 or IPv6 address (RFC 4291 §2.2); `undefined` if it is none. */
export function parseAddress(text: string): Address | undefined {
  const octets = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  return octets && addressFromBytes(Uint8Array.from(octets));
}

/** `parseAddress` for a text known to be right; throws `TypeError` otherwise. */
export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (parsed === undefined) throw new TypeError(`not an IP address: ${text}`);
  return parsed;
}

/** The canonical text form: RFC 5952 for IPv6, dotted decimal for IPv4. */
export function formatAddress(address: Address): string {
  if (isIpv4(address)) return [...addressToBytes(address)].join('.');
  const groups: number[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((address.charCodeAt(i) << 8) | address.charCodeAt(i + 1));
  const { start, length } = longestZeroRun(groups);
  const hex = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return length < 2 ? hex(0, 8) : `${hex(0, start)}::${hex(start + length, 8)}`;
}

/** Whether a packet may carry it as home or care-of address (RFC 6275 §4.6: unicast and routable). */
export function isUnicastRoutable(address: Address): boolean {
  const first = address.charCodeAt(0);
  if (isIpv4(address)) return first !== 0 && first !== 127 && first < 224;
  if (first === 0) {
    const embedsIpv4OrIsSpecial = address.startsWith(EIGHT_ZEROS);
    return !embedsIpv4OrIsSpecial;
  }
  return first !== 0xff && !isLinkLocal(address);
}

export function isLinkLocal(address: Address): boolean {
  return isIpv6(address) && address.charCodeAt(0) === 0xfe && (address.charCodeAt(1) & 0xc0) === 0x80;
}

/** fc00::/7, RFC 4193. */
export function isUniqueLocal(address: Address): boolean {
  return isIpv6(address) && (address.charCodeAt(0) & 0xfe) === 0xfc;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}

function parseIpv4(text: string): number[] | undefined {
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  const octets: number[] = [];
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part) || Number(part) > 255) return undefined;
    octets.push(Number(part));
  }
  return octets;
}

function parseIpv6(text: string): number[] | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  // Dotted decimal may stand at the very end alone.
  if (halves.length === 2 && halves[0]!.includes('.')) return undefined;
  const head = parseGroups(halves[0]!);
  const tail = halves.length === 2 ? parseGroups(halves[1]!) : [];
  if (!head || !tail) return undefined;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 2 ? missing < 2 : missing !== 0) return undefined;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const octets: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (group.includes('.') && index === groups.length - 1) {
      const ipv4 = parseIpv4(group);
      if (!ipv4) return undefined;
      octets.push(...ipv4);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      octets.push(value >> 8, value & 0xff);
    }
  }
  return octets;
}
