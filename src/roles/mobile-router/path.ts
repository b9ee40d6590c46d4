import type { Address } from '../../bytes/address.ts';

/** A care-of address that can be used now. Lists of paths are in order of preference. */
export interface Path {
  readonly name: string;
  readonly bid: number;
  readonly careOfAddress: Address;
  readonly interfaceIndex: number;
}
