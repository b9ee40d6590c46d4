import { isIpv6, isLinkLocal, isUnicastRoutable } from '../bytes/address.ts';
import type { NetworkState } from '../paths/network-state.ts';
import type { HomeLink } from '../roles/home-agent/home-link.ts';

const DEFAULT_MTU_BYTES = 1500;
const ETHERNET_ADDRESS_OCTETS = 6;

/** The home link as the host's network has it now; `null` while nothing can be sent on it. */
export function observeHomeLink(interfaceName: string, network: NetworkState): HomeLink | null {
  const link = network.linkByName(interfaceName);
  if (!link?.up || !link.running || link.hardwareAddress?.length !== ETHERNET_ADDRESS_OCTETS) return null;
  const usable = network.addresses(link.index).filter(({ address, tentative, duplicateAddressDetectionFailed }) => {
    return isIpv6(address) && !tentative && !duplicateAddressDetectionFailed;
  });
  const linkLocal = usable.find(({ address }) => isLinkLocal(address));
  if (!linkLocal) return null;
  return {
    interfaceIndex: link.index,
    linkLayerAddress: link.hardwareAddress,
    linkLocalAddress: linkLocal.address,
    mtuBytes: link.mtuBytes ?? DEFAULT_MTU_BYTES,
    addresses: usable
      .filter(({ address, temporary }) => isUnicastRoutable(address) && !temporary)
      .map(({ address, validUntilMs, preferredUntilMs }) => ({ address, validUntilMs, preferredUntilMs })),
  };
}
