import { checkDistinct } from './check-addresses.ts';
import { checkHomes } from './check-homes.ts';
import { checkNameServers } from './check-ipv4.ts';
import type { ConfigurationDocument, MobileRouterDocument, UplinkDocument } from './document.ts';
import { type Problems, shown } from './problems.ts';

/** What the schema cannot say of a mobile router. */
export function checkMobileRouter(
  router: MobileRouterDocument,
  tunnel: ConfigurationDocument['tunnel'],
  problems: Problems,
): void {
  checkHomes(router, tunnel?.interface, problems);
  checkNameServers(router, problems);
  const { intervalMs, idleIntervalMs } = router.probe ?? {};
  if (intervalMs !== undefined && idleIntervalMs !== undefined && idleIntervalMs < intervalMs)
    problems.add(
      'mobileRouter.probe.idleIntervalMs',
      `must be at least mobileRouter.probe.intervalMs (${intervalMs}), is ${idleIntervalMs}`,
    );
}

/** Uplinks, wherever they are described: `path` is their list's. */
export function checkUplinks(
  uplinks: readonly (UplinkDocument | undefined)[],
  path: string,
  tunnel: ConfigurationDocument['tunnel'],
  problems: Problems,
): void {
  const at = (key: keyof UplinkDocument) => (index: number) => `${path}[${index}].${key}`;
  checkDistinct(
    uplinks.map((uplink) => uplink?.name),
    at('name'),
    shown,
    problems,
  );
  checkDistinct(
    uplinks.map((uplink) => uplink?.interface),
    at('interface'),
    shown,
    problems,
  );
  const bids = uplinks.map((uplink, index) =>
    problems.has(at('bid')(index)) ? undefined : (uplink?.bid ?? index + 1),
  );
  const shownBid = (bid: number) => {
    const byPlace = uplinks.some((uplink, index) => uplink?.bid === undefined && index + 1 === bid);
    return byPlace ? `${bid} (an uplink without bid has its place in the list)` : `${bid}`;
  };
  checkDistinct(bids, at('bid'), shownBid, problems);
  for (const [index, uplink] of uplinks.entries()) {
    if (uplink?.interface !== undefined && uplink.interface === tunnel?.interface)
      problems.add(at('interface')(index), `must differ from tunnel.interface, is ${shown(uplink.interface)}`);
    const { addressFamilies, careOfAddresses = 1 } = uplink ?? {};
    checkDistinct(addressFamilies ?? [], (place) => `${at('addressFamilies')(index)}[${place}]`, shown, problems);
    if (careOfAddresses > 1 && addressFamilies && !addressFamilies.includes('ipv6'))
      problems.add(at('careOfAddresses')(index), `must be 1 without "ipv6" in addressFamilies, is ${careOfAddresses}`);
  }
}
