import { admitSigned, heldBack } from 'monami-native';
import { addressToBytes } from '../../bytes/address.ts';
import { Writer } from '../../bytes/writer.ts';
import type { MobileNodeConfiguration } from '../../config/configuration.ts';
import { opened } from './kernel-network.ts';

/** Lets what these mobile nodes have signed pass first, however much else arrives. */
export function admitMobileNodes(nodes: readonly MobileNodeConfiguration[]): void {
  const writer = new Writer();
  for (const { homeAddress, authentication } of nodes) {
    if (authentication === 'none') continue;
    writer.put(addressToBytes(homeAddress)).u32(authentication.spi).put(authentication.key.reveal());
  }
  if (writer.length === 0) return;
  const associations = writer.bytes().slice();
  opened(admitSigned(associations.buffer), 'keep the keys of the mobile nodes');
  associations.fill(0);
  writer.bytes().fill(0);
}

/** Packets that nobody looked at, as drops are told. */
export function admissionDrops(): Readonly<Record<string, number>> {
  const count = heldBack();
  return count > 0 ? { 'held-back': count } : {};
}
