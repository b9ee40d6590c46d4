import { formatAddress } from '../bytes/address.ts';
import type { StackEvent } from '../stack/events.ts';

export interface LogLine {
  readonly level: 'error' | 'warning' | 'notice' | 'info' | 'debug';
  readonly text: string;
}

/** An event as a line for people. */
export function formatEventLine(event: StackEvent): LogLine {
  switch (event.type) {
    case 'path-state': {
      const lost = event.state === 'down' || event.state === 'dead';
      const text = `uplink ${event.uplink} (BID ${event.bid}) is ${event.state}: ${event.reason}`;
      return { level: lost && event.reason !== 'shutdown' ? 'warning' : 'notice', text };
    }
    case 'handover': {
      const { from, to, reason } = event;
      if (to === null) return { level: 'warning', text: `no uplink left, ${from} is gone: ${reason}` };
      return { level: 'notice', text: `new flows take ${to}${from === null ? '' : `, no longer ${from}`}: ${reason}` };
    }
    case 'binding-registered':
      return {
        level: 'info',
        text: `${bindingText(event)} is registered for ${event.lifetimeSeconds} s`,
      };
    case 'binding-removed':
      return {
        level: event.reason === 'expired' ? 'notice' : 'info',
        text: `${bindingText(event)} is ${event.reason}`,
      };
    case 'binding-refused':
      return { level: 'warning', text: `${bindingText(event)} is refused with status ${event.status}` };
    case 'multiple-care-of-addresses-unavailable':
      return {
        level: 'warning',
        text: `home agent ${formatAddress(event.homeAgentAddress)} ignores Binding Identifiers: one uplink at a time`,
      };
    case 'ipv4-home-refused': {
      const status = event.status === null ? 'it does not know IPv4' : `status ${event.status}`;
      const requested = `${formatAddress(event.requestedAddress)}/${event.prefixLength}`;
      const text = `home agent does not bind ${requested} to ${formatAddress(event.homeAddress)}: ${status}`;
      return { level: 'warning', text };
    }
    case 'home-state': {
      const level = event.state === 'stopped' || event.state === 'looking' ? 'warning' : 'notice';
      return { level, text: `home ${event.home} (${formatAddress(event.homeAddress)}): ${event.state}` };
    }
    case 'home-agent-changed': {
      const { previousHomeAgentAddress: previous, homeAgentAddress, homeAddress, reason } = event;
      const before = previous === null ? '' : `, no longer of ${formatAddress(previous)}`;
      const text = `${formatAddress(homeAddress)} is of home agent ${formatAddress(homeAgentAddress)}${before}: ${reason}`;
      return { level: 'notice', text };
    }
    case 'home-registration-stopped':
      return {
        level: 'error',
        text: `no home agent takes ${formatAddress(event.homeAddress)} (status ${event.status}): not registered any more`,
      };
    case 'protocol-not-supported':
      return {
        level: 'warning',
        text: `${formatAddress(event.peerAddress)} does not know the ${event.what.replaceAll('-', ' ')} of Mobile IPv6`,
      };
  }
}

function bindingText(event: Extract<StackEvent, { careOfAddress: unknown }>): string {
  const bid = event.bid === 0 ? '' : ` BID ${event.bid}`;
  return `binding ${formatAddress(event.homeAddress)}${bid} at ${formatAddress(event.careOfAddress)}`;
}
