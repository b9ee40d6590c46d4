import type { Address } from '../../bytes/address.ts';
import { Reader } from '../../bytes/reader.ts';
import { WireError } from '../../bytes/wire-error.ts';
import { Writer } from '../../bytes/writer.ts';

/** What is asked for a name: its IPv4 or its IPv6 addresses (RFC 1035 §3.2.2, RFC 3596 §2.1). */
export type DnsRecordType = 'A' | 'AAAA';

/** What a name server answers. */
export interface DnsResponse {
  readonly id: number;
  /** 0: no error; 3: there is no such name (RFC 1035 §4.1.1). */
  readonly responseCode: number;
  /** The name asked for, in small letters. */
  readonly name: string;
  readonly recordType: DnsRecordType | undefined;
  /** Of the type asked for, behind aliases too. */
  readonly addresses: readonly Address[];
  /** The shortest of the answers' lifetimes; 0 without answers. */
  readonly ttlSeconds: number;
}

const RESPONSE = 0x8000;
const RECURSION_DESIRED = 0x0100;
const RESPONSE_CODE = 0x000f;
const CLASS_INTERNET = 1;
const TYPES = { A: 1, AAAA: 28 } as const;
/** The two bits that make of a label's length a pointer (RFC 1035 §4.1.4). */
const POINTER = 0xc0;
const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;

/** Whether a name can be asked for: labels of 1 to 63 letters, digits and hyphens (RFC 1123 §2.1), 253 characters in all. */
export function isHostName(name: string): boolean {
  if (name.length > LONGEST_NAME) return false;
  return name
    .split('.')
    .every((label) => label.length <= LONGEST_LABEL && /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?$/.test(label));
}

/**
 * ```
 * +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 * |                      ID                       |
 * |QR|   Opcode  |AA|TC|RD|RA|   Z    |   RCODE   |
 * |                    QDCOUNT                    |
 * |                    ANCOUNT                    |
 * |                    NSCOUNT                    |
 * |                    ARCOUNT                    |
 * +--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+--+
 * ```
 * A query of one question that asks the server to look further itself. Throws `RangeError` for what is no host name.
 */
export function encodeDnsQuery(id: number, name: string, recordType: DnsRecordType): Uint8Array {
  if (!isHostName(name)) throw new RangeError(`${name} is no host name`);
  const writer = new Writer(64).u16(id).u16(RECURSION_DESIRED).u16(1).zeros(6);
  for (const label of name.split('.')) {
    writer.u8(label.length);
    for (let i = 0; i < label.length; i++) writer.u8(label.charCodeAt(i));
  }
  return writer.u8(0).u16(TYPES[recordType]).u16(CLASS_INTERNET).bytes();
}

/** Reads a response to a query of one question. Throws `WireError`: `bad-value` for anything that is none. */
export function decodeDnsResponse(bytes: Uint8Array): DnsResponse {
  const reader = new Reader(bytes);
  const id = reader.u16();
  const flags = reader.u16();
  const questions = reader.u16();
  const answers = reader.u16();
  reader.skip(4);
  if ((flags & RESPONSE) === 0 || questions !== 1) throw new WireError('bad-value', 2);
  const name = readName(reader);
  const type = reader.u16();
  reader.skip(2);
  const addresses: Address[] = [];
  let ttlSeconds = Number.POSITIVE_INFINITY;
  for (let i = 0; i < answers; i++) {
    readName(reader);
    const recordType = reader.u16();
    reader.skip(2);
    const recordTtl = reader.u32();
    const data = reader.within(reader.u16());
    if (recordType !== type) continue;
    if (type === TYPES.A) addresses.push(data.ipv4Address());
    else if (type === TYPES.AAAA) addresses.push(data.ipv6Address());
    ttlSeconds = Math.min(ttlSeconds, recordTtl);
  }
  const recordType = type === TYPES.A ? 'A' : type === TYPES.AAAA ? 'AAAA' : undefined;
  return {
    id,
    responseCode: flags & RESPONSE_CODE,
    name,
    recordType,
    addresses,
    ttlSeconds: addresses.length > 0 ? ttlSeconds : 0,
  };
}

/** What stands behind a pointer was read already: only the question's name matters, and nothing points there from before. */
function readName(reader: Reader): string {
  const labels: string[] = [];
  let octets = 0;
  for (;;) {
    const { offset } = reader;
    const length = reader.u8();
    if (length === 0) return labels.join('.');
    if ((length & POINTER) === POINTER) {
      reader.skip(1);
      return labels.join('.');
    }
    octets += length + 1;
    if (length > LONGEST_LABEL || octets > LONGEST_NAME + 1) throw new WireError('bad-value', offset);
    labels.push(String.fromCharCode(...reader.take(length)).toLowerCase());
  }
}
