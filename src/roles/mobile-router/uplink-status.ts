import { isIpv4 } from '../../bytes/address.ts';
import type { PathState } from '../../paths/path-state.ts';
import type { UplinkStatus } from '../status.ts';
import type { ServedHome, UplinkState } from './served-home.ts';

/** Of several homes' views of an uplink the best one is told. */
const STATE_RANK: readonly PathState[] = ['active', 'registering', 'standby', 'dead', 'down'];

/** How an uplink serves the homes: of their views the best one is told. */
export function uplinkState(state: UplinkState, homes: readonly ServedHome[]): PathState {
  const { bid } = state.configuration;
  const views = homes.flatMap((home) =>
    home.serving.filter((attachment) => attachment.bid === bid).map((attachment) => home.state(attachment)),
  );
  // On the home link it has no care-of address, but an IPv4 address that leads nowhere is as good as none.
  if (views.length === 0 && state.observed.careOfAddress === null) return 'down';
  return STATE_RANK.find((candidate) => views.includes(candidate)) ?? 'standby';
}

/** What is told of an uplink in the state `current`. */
export function uplinkStatus(
  state: UplinkState,
  homes: readonly ServedHome[],
  current: PathState,
  nowMs: number,
): UplinkStatus {
  const { name, interface: device, priority, bid } = state.configuration;
  const serves = (home: ServedHome) => home.attachmentWith(bid);
  const home =
    homes.find((candidate) => {
      const attachment = serves(candidate);
      return attachment && candidate.binding(attachment);
    }) ??
    homes.find(serves) ??
    homes[0]!;
  const attachment = serves(home);
  const binding = attachment && home.binding(attachment);
  const { careOfAddress, ipv4 } = state.observed;
  return {
    name,
    interface: device,
    priority,
    bid,
    state: current,
    careOfAddress: attachment?.careOfAddress ?? careOfAddress ?? ipv4?.careOfAddress ?? null,
    ...(attachment && isIpv4(attachment.careOfAddress) && { ipv4: home.ipv4Status(attachment) }),
    preferred: homes.some(({ preferred }) => preferred === name),
    roundTripMs: home.probes?.roundTripMs(bid) ?? null,
    registrationRemainingSeconds: binding ? Math.max(0, (binding.expiresMs - nowMs) / 1000) : null,
    tunnelId: attachment ? home.tunnelId(attachment) : null,
  };
}
