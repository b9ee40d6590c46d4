// IPv4 on an uplink, as its access network gives it:
//
//   none
//   plain     router 192.0.2.(32n+12) ── 192.0.2.(32n+1) access ── core
//   nat       router 10.64.n.12 ── 10.64.n.1 access [NAT] 203.0.113.(16n+2) ── core
//   two-nats  router 192.168.n.12 ── 192.168.n.1 access [NAT] 10.64.n.2 ── 10.64.n.1 carrier [NAT] 203.0.113.(16n+2) ── core
//
// The NATs masquerade as nftables does it, keep ports where they can, and let in only answers; what else comes they drop
// without a word.
import { inNamespace, ipv4Batch, nft, run } from './namespace.ts';

export type Ipv4Access = 'none' | 'plain' | 'nat' | 'two-nats';

/** An access network: `number` tells it apart outside, `inside` behind its NAT. */
export interface AccessNetwork {
  readonly kind: Ipv4Access;
  readonly number: number;
  readonly inside: number;
  /** Namespace of the access router, with the devices `radio` and `core`. */
  readonly access: string;
  /** Namespace of the second NAT, with the devices `inside` and `core`. */
  readonly carrier: string | undefined;
}

/** What the router has on the uplink. */
export function ipv4CareOf({ kind, number, inside }: AccessNetwork): {
  address: string;
  bits: number;
  gateway: string;
} {
  const plain = (host: number) => `192.0.2.${32 * number + host}`;
  if (kind === 'plain') return { address: plain(12), bits: 27, gateway: plain(1) };
  const network = kind === 'nat' ? `10.64.${inside}` : `192.168.${inside}`;
  return { address: `${network}.12`, bits: 24, gateway: `${network}.1` };
}

const linkTo = (number: number, host: number) => `203.0.113.${16 * number + host}`;

/** The core's end of the link to an access network. */
export function coreIpv4(number: number): string {
  return linkTo(number, 1);
}

/** The outermost address of an access network: of its NAT, or of its router. */
export function publicIpv4(number: number): string {
  return linkTo(number, 2);
}

/** Routes of the core into a network without NAT. */
export function coreRouteLines({ kind, number }: AccessNetwork): string[] {
  return kind === 'plain' ? [`route add 192.0.2.${32 * number}/27 via ${publicIpv4(number)}`] : [];
}

function natScript(inside: string, outside: string, ports = ''): string {
  return `table ip nat
delete table ip nat
table ip nat {
  chain out {
    type nat hook postrouting priority 100;
    oifname "${outside}" ${ports === '' ? 'masquerade' : `meta l4proto udp masquerade to :${ports}\n    oifname "${outside}" masquerade`}
  }
  chain through {
    type filter hook forward priority 0;
    iifname "${outside}" oifname "${inside}" ct state != { established, related } drop
  }
  chain in {
    type filter hook input priority 0;
    iifname "${outside}" ct state != { established, related } drop
  }
}
`;
}

/** The namespace and devices of a network's outermost NAT. */
function outermost({ carrier, access }: AccessNetwork): readonly [namespace: string, inside: string] {
  return carrier === undefined ? [access, 'radio'] : [carrier, 'inside'];
}

/** Sets up addresses, routes and NATs of an access network whose devices are there. */
export function setUpIpv4Access(network: AccessNetwork): void {
  const { kind, number, inside, access, carrier } = network;
  if (kind === 'none') return;
  const { gateway, bits } = ipv4CareOf(network);
  const outward = (device: string) => [
    `address add ${publicIpv4(number)}/28 dev ${device}`,
    `route add default via ${coreIpv4(number)}`,
  ];
  const toCarrier = [`address add 10.64.${inside}.2/24 dev core`, `route add default via 10.64.${inside}.1`];
  ipv4Batch([`address add ${gateway}/${bits} dev radio`, ...(carrier ? toCarrier : outward('core'))], access);
  if (kind !== 'plain') nft(access, natScript('radio', 'core'));
  if (carrier === undefined) return;
  ipv4Batch([`address add 10.64.${inside}.1/24 dev inside`, ...outward('core')], carrier);
  nft(carrier, natScript('inside', 'core'));
}

/** How long the NATs of a network keep a mapping for UDP that is not used. */
export function setUdpTimeout({ access, carrier }: AccessNetwork, seconds: number): void {
  const settings = ['udp_timeout', 'udp_timeout_stream'].map((name) => `net.netfilter.nf_conntrack_${name}=${seconds}`);
  for (const namespace of carrier === undefined ? [access] : [access, carrier])
    run(inNamespace(namespace, ['sysctl', '-qw', ...settings]));
}

/**
 * The outermost NAT forgets its mappings, and from now on gives ports from `ports` to UDP. Mappings of a masqueraded
 * address go when the address goes, even if it is back at once.
 */
export function rebootNat(network: AccessNetwork, ports: string): void {
  const [namespace, inside] = outermost(network);
  const address = publicIpv4(network.number);
  nft(namespace, natScript(inside, 'core', ports));
  ipv4Batch([`address delete ${address}/28 dev core`], namespace);
  ipv4Batch([`address add ${address}/28 dev core`, `route add default via ${coreIpv4(network.number)}`], namespace);
}
