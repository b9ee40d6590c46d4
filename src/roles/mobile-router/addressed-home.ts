import { MessageType } from '../../wire/mh/numbers.ts';
import type { MobilityPacket } from '../../wire/signalling.ts';
import type { DropReason } from '../action.ts';
import type { UnsupportedProtocol } from './protocol-errors.ts';
import type { ServedHome } from './served-home.ts';

/**
 * RFC 6275 §11.7.3: from the home agent, to a care-of address of ours through a type 2 routing header, or from its IPv4
 * address to an IPv4 care-of address (RFC 5555 §4.4.2).
 */
export function homeOf(homes: readonly ServedHome[], packet: MobilityPacket): ServedHome | DropReason {
  const { source, destination, routing2, message, outer } = packet;
  const served = homes.filter(
    ({ attachment, serving }) =>
      attachment.agent === source &&
      (!outer ||
        (attachment.agentIpv4Address === outer.source &&
          serving.some(({ careOfAddress }) => careOfAddress === outer.destination))),
  );
  if (served.length === 0) return 'not-from-home-agent';
  const named = message.type === MessageType.bindingError ? message.homeAddress : (routing2 ?? destination);
  const home = served.find(({ configuration }) => configuration.homeAddress === named);
  // A Binding Error need not say which home address it is about.
  if (!home) return message.type === MessageType.bindingError ? served[0]! : 'not-for-this-node';
  return home;
}

/** Only an error about an update that waits for its answer counts: anyone may send one. */
export function homeInError(homes: readonly ServedHome[], found: UnsupportedProtocol): ServedHome | undefined {
  const { homeAddress = found.source, destination, sequenceNumber } = found;
  return homes.find(
    ({ attachment, configuration }) =>
      attachment.agent === destination &&
      homeAddress === configuration.homeAddress &&
      sequenceNumber !== undefined &&
      attachment.registration?.isOutstanding(sequenceNumber),
  );
}
