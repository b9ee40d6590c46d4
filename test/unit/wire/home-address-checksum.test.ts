import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address, addressToBytes } from '../../../src/bytes/address.ts';
import { decodeSignalling, encodeSignalling } from '../../../src/wire/signalling.ts';
import { acknowledgementOf, bindingUpdate } from '../../lib/engines.ts';

const HOME = address('2001:db8:1:f::2');
const MOBILITY_HEADER = 135;
const IPV6_HEADER_OCTETS = 40;
const EXTENSION_OCTETS = 24;

/** The one's complement sum over a pseudo-header and the upper layer: 0xffff where the checksum is right. */
function sum(source: Uint8Array, destination: Uint8Array, upperLayer: Uint8Array): number {
  const octets = [...source, ...destination, 0, 0, 0, upperLayer.length, 0, 0, 0, MOBILITY_HEADER, ...upperLayer];
  let total = 0;
  for (let i = 0; i < octets.length; i += 2) total += (octets[i]! << 8) | (octets[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
}

test('[6275-11.3.1-11, 6275-6.1.1-06] the checksum of an update covers the home address, which stands in the option, as its source', () => {
  const packet = bindingUpdate(7, { homeAddress: HOME });
  const bytes = encodeSignalling(packet);
  const upperLayer = bytes.subarray(IPV6_HEADER_OCTETS + EXTENSION_OCTETS);
  const destination = addressToBytes(packet.destination);
  assert.is(sum(addressToBytes(HOME), destination, upperLayer), 0xffff);
  assert.is.not(sum(addressToBytes(packet.source), destination, upperLayer), 0xffff);
  assert.is(decodeSignalling(bytes).homeAddress, HOME);
});

test('[6275-11.3.3-03, 6275-6.1.1-06] that of an acknowledgement covers the home address, which stands in the routing header, as its destination', () => {
  const packet = acknowledgementOf(bindingUpdate(7, { homeAddress: HOME }));
  const bytes = encodeSignalling(packet);
  const upperLayer = bytes.subarray(IPV6_HEADER_OCTETS + EXTENSION_OCTETS);
  assert.is(sum(addressToBytes(packet.source), addressToBytes(HOME), upperLayer), 0xffff);
  const decoded = decodeSignalling(bytes);
  assert.equal([decoded.routing2, decoded.kind], [HOME, 'mobility']);
});

test.run();
