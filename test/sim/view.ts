// The machines' status documents in the words of the invariants.
import type { Address } from '../../src/bytes/address.ts';
import type { MobileRouterStatus } from '../../src/roles/status.ts';

/** A binding that its mobile router knows to be acknowledged. */
export interface BoundPath {
  readonly homeAddress: Address;
  /** 0 in plain Mobile IPv6. */
  readonly bid: number;
  readonly careOfAddress: Address;
  readonly remainingSeconds: number;
  /** Not found dead: traffic goes by it. */
  readonly active: boolean;
}

export function boundPaths(status: MobileRouterStatus): BoundPath[] {
  return status.homes.flatMap(({ homeAddress, multipleCareOfAddresses, bindings }) =>
    bindings.map(({ uplink, bid, careOfAddress, remainingSeconds }) => ({
      homeAddress,
      bid: multipleCareOfAddresses === 'unsupported' ? 0 : bid,
      careOfAddress,
      remainingSeconds,
      active: status.uplinks.some(({ name, state }) => name === uplink && state === 'active'),
    })),
  );
}
