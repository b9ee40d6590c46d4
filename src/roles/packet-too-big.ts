import type { Address } from '../bytes/address.ts';

/** ICMP says of a tunnel packet, IPv6 or IPv4, that the path from `local` to `remote` takes `mtuBytes`. */
export interface PacketTooBig {
  readonly type: 'packet-too-big';
  readonly local: Address;
  readonly remote: Address;
  readonly mtuBytes: number;
}
