import type { Address } from '../../bytes/address.ts';
import { type Prefix, prefixContains } from '../../bytes/prefix.ts';

/** The physical home link as the host has it now: the interface is up and has a link-local address. */
export interface HomeLink {
  readonly interfaceIndex: number;
  readonly linkLayerAddress: Uint8Array;
  /** The source of what is sent to the link alone. */
  readonly linkLocalAddress: Address;
  readonly mtuBytes: number;
  /** Global addresses, those alone that may be used. */
  readonly addresses: readonly HomeLinkAddress[];
}

/** An address of ours on the home link; the moments are Infinity where there is no end. */
export interface HomeLinkAddress {
  readonly address: Address;
  readonly validUntilMs: number;
  readonly preferredUntilMs: number;
}

/** The prefix of a list that an address lies in. */
export function prefixAround(prefixes: readonly Prefix[], address: Address): Prefix | undefined {
  return prefixes.find((prefix) => prefixContains(prefix, address));
}
