import type { Address } from '../bytes/address.ts';
import type { DnsRecordType } from '../wire/dns/message.ts';
import type { EncodeOptions, SignallingPacket } from '../wire/signalling.ts';
import type { RoleEvent } from './events.ts';

/** Why a role took no notice of a packet. Each is a counter. */
export type DropReason =
  | 'home-address-not-unicast'
  | 'source-not-unicast'
  | 'care-of-address-not-unicast'
  | 'not-a-home-registration'
  | 'nonce-indices-in-home-registration'
  | 'no-home-address-option'
  | 'unexpected-message'
  | 'not-from-home-agent'
  | 'not-for-this-node'
  | 'unexpected-sequence-number'
  | 'unknown-binding'
  | 'rate-limited'
  | 'discovery-disabled'
  | 'prefix-advertisements-disabled'
  /** From here on RFC 5555: a packet in IPv4, which is not served. */
  | 'ipv4-disabled'
  /** A Binding Update in IPv4 without UDP, in which no NAT could be seen. */
  | 'not-in-udp'
  /** In IPv4 the source of the IPv6 packet must be the home address. */
  | 'source-not-home-address'
  /** From here on RFC 4285: a message without the option where a key is shared. */
  | 'authentication-missing'
  /** No key for this home address, SPI and identifier. */
  | 'no-security-association'
  | 'authentication-failed'
  /** A source whose messages have failed too often is not looked at for a while. */
  | 'too-many-failures'
  | 'timestamp-missing'
  | 'timestamp-invalid';

/** What a role wants done. */
export type RoleAction =
  | {
      readonly type: 'send';
      readonly packet: SignallingPacket;
      /** 0 leaves the choice to the routing tables. */
      readonly interfaceIndex: number;
      /** With a signature for a message that has an authentication option. */
      readonly encoding?: EncodeOptions;
    }
  /** Look a name up: a DNS query to port 53 of the server, from this care-of address by this interface. */
  | {
      readonly type: 'query-name';
      readonly name: string;
      readonly recordType: DnsRecordType;
      readonly server: Address;
      readonly source: Address;
      readonly interfaceIndex: number;
      /** From 0 to 65535, not to be guessed; the answer is known again by it. */
      readonly id: number;
    }
  | { readonly type: 'event'; readonly event: RoleEvent }
  | { readonly type: 'drop'; readonly reason: DropReason }
  /** Receive what is sent to a multicast group, or to an anycast address as one that has it. */
  | { readonly type: 'join-group' | 'leave-group'; readonly group: Address; readonly interfaceIndex: number }
  /** Reach a neighbour that may not answer Neighbor Solicitations yet, until the kernel learns better. */
  | {
      readonly type: 'neighbor';
      readonly address: Address;
      readonly linkLayerAddress: Uint8Array;
      readonly interfaceIndex: number;
    };

/** A packet of which nothing is taken. */
export function drop(reason: DropReason): RoleAction[] {
  return [{ type: 'drop', reason }];
}

/** What is to be known of outside. */
export function tell(event: RoleEvent): RoleAction {
  return { type: 'event', event };
}
