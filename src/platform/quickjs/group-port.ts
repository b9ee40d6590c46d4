import { close, errorText, ipv6JoinGroup, ipv6LeaveGroup, rawIpv6Open } from 'monami-native';
import { type Address, addressToBytes, formatAddress } from '../../bytes/address.ts';
import type { Log } from '../contract.ts';
import { opened } from './kernel-network.ts';

/** The kernel lets one socket have a few hundred memberships (net.core.optmem_max). */
const MEMBERSHIPS_PER_SOCKET = 128;

interface MembershipSocket {
  readonly handle: number;
  memberships: number;
}

/** Multicast groups and anycast addresses that this host has as long as the process lives: nothing stays behind. */
export class GroupPort {
  readonly #log: Log;
  readonly #sockets = new Set<MembershipSocket>();
  readonly #joined = new Map<string, MembershipSocket>();

  constructor(log: Log) {
    this.#log = log;
  }

  join(group: Address, interfaceIndex: number): void {
    const key = `${interfaceIndex} ${group}`;
    if (this.#joined.has(key)) return;
    const socket = this.#socketWithRoom();
    const result = ipv6JoinGroup(socket.handle, octetsOf(group), interfaceIndex);
    if (result < 0) {
      this.#log('warning', `cannot join ${formatAddress(group)}: ${errorText(-result)}`);
      return;
    }
    socket.memberships++;
    this.#joined.set(key, socket);
  }

  leave(group: Address, interfaceIndex: number): void {
    const key = `${interfaceIndex} ${group}`;
    const socket = this.#joined.get(key);
    if (!socket) return;
    this.#joined.delete(key);
    // It fails where the interface is gone, and the membership with it.
    ipv6LeaveGroup(socket.handle, octetsOf(group), interfaceIndex);
    if (--socket.memberships > 0) return;
    this.#sockets.delete(socket);
    close(socket.handle);
  }

  #socketWithRoom(): MembershipSocket {
    for (const socket of this.#sockets) if (socket.memberships < MEMBERSHIPS_PER_SOCKET) return socket;
    const socket = { handle: opened(rawIpv6Open(), 'open a raw socket'), memberships: 0 };
    this.#sockets.add(socket);
    return socket;
  }
}

function octetsOf(address: Address): ArrayBuffer {
  return addressToBytes(address).slice().buffer;
}
