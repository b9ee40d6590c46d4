// How many messages the codec takes per second in the executable's engine.
import { address } from '../../../src/bytes/address.ts';
import { prefix as prefixOf } from '../../../src/bytes/prefix.ts';
import {
  BindingAcknowledgementFlag,
  BindingUpdateFlag,
  MessageType,
  OptionType,
} from '../../../src/wire/mh/numbers.ts';
import type { BindingIdentifierOption } from '../../../src/wire/mh/options/binding-identifier.ts';
import { decodeSignalling, encodeSignalling, type MobilityPacket } from '../../../src/wire/signalling.ts';
import { ratePerSecond, report } from './measure.ts';

const DURATION_MS = 700;
const source = address('2001:db8:a1::c');
const agent = address('2001:db8:1::1');
const homeAddress = address('2001:db8:1:ffff::1');
const prefix = prefixOf('2001:db8:100::/56');
const identifier = (bid: number, status = 0): BindingIdentifierOption => ({
  type: OptionType.bindingIdentifier,
  bid,
  status,
  simultaneousHomeAndForeign: false,
  reserved: 0,
});

const { acknowledge, homeRegistration, mobileRouter } = BindingUpdateFlag;
/** A bulk registration of three uplinks with a prefix. */
const update: MobilityPacket = {
  kind: 'mobility',
  source,
  destination: agent,
  homeAddress,
  message: {
    type: MessageType.bindingUpdate,
    sequenceNumber: 4711,
    flags: acknowledge | homeRegistration | mobileRouter,
    lifetimeSeconds: 600,
    options: [
      ...[1, 2, 3].map((bid) => ({ ...identifier(bid), careOfAddress: address(`2001:db8:a${bid}::c`) })),
      { type: OptionType.mobileNetworkPrefix, prefix },
    ],
  },
};
const acknowledgement: MobilityPacket = {
  kind: 'mobility',
  source: agent,
  destination: source,
  routing2: homeAddress,
  message: {
    type: MessageType.bindingAcknowledgement,
    status: 0,
    flags: BindingAcknowledgementFlag.mobileRouter,
    sequenceNumber: 4711,
    lifetimeSeconds: 600,
    options: [1, 2, 3].map((bid) => identifier(bid)),
  },
};
const updateOctets = encodeSignalling(update);
const acknowledgementOctets = encodeSignalling(acknowledgement);

report({
  decodeBindingUpdatesPerSecond: ratePerSecond(DURATION_MS, () => decodeSignalling(updateOctets)),
  encodeBindingUpdatesPerSecond: ratePerSecond(DURATION_MS, () => encodeSignalling(update)),
  decodeBindingAcknowledgementsPerSecond: ratePerSecond(DURATION_MS, () => decodeSignalling(acknowledgementOctets)),
  encodeBindingAcknowledgementsPerSecond: ratePerSecond(DURATION_MS, () => encodeSignalling(acknowledgement)),
  bindingUpdateOctets: updateOctets.length,
});
