// How many Binding Updates per second the home agent's machine takes in the executable's engine, packet to packet:
// decoded, verified by its key, checked, entered, acknowledged, signed, encoded.
import { monotonicMs, readFile, utf8Decode, wallClockMs } from 'monami-native';
import { address } from '../../../src/bytes/address.ts';
import { prefix } from '../../../src/bytes/prefix.ts';
import { Secret } from '../../../src/bytes/secret.ts';
import type { HomeAgentConfiguration } from '../../../src/config/configuration.ts';
import { roleServices } from '../../../src/platform/quickjs/role-services.ts';
import { signer } from '../../../src/roles/authentication.ts';
import { HomeAgent } from '../../../src/roles/home-agent/home-agent.ts';
import { ntpTimestamp } from '../../../src/roles/timestamp.ts';
import { unsignedAuthentication } from '../../../src/wire/mh/authentication.ts';
import { BindingUpdateFlag, MessageType, OptionType } from '../../../src/wire/mh/numbers.ts';
import { decodeSignalling, encodeSignalling } from '../../../src/wire/signalling.ts';
import { report } from './measure.ts';

const NODES = 10_000;
const SPI = 256;
/** One for all: what is measured does not depend on it. */
const KEY = new Secret(Uint8Array.from({ length: 16 }, (_, octet) => 7 * octet));
const SIGNED = { sign: signer({ spi: SPI, key: KEY, replayWindowSeconds: 60, prefixDiscovery: false }, roleServices) };
const agentAddress = address('2001:db8:1::1');
const group = (number: number) => number.toString(16);
const homeAddressOf = (node: number) => address(`2001:db8:1:ffff::${group(node + 1)}`);
const { acknowledge, homeRegistration } = BindingUpdateFlag;

const configuration: HomeAgentConfiguration = {
  address: agentAddress,
  homePrefixes: [prefix('2001:db8:1:ffff::/64')],
  mobileNodes: Array.from({ length: NODES }, (_, node) => ({
    name: `node-${node}`,
    homeAddress: homeAddressOf(node),
    prefixes: [],
    mobileRouter: false,
    multipleCareOfAddresses: true,
    authentication: { spi: SPI, key: KEY, replayWindowSeconds: 60, prefixDiscovery: false },
  })),
  maximumLifetimeSeconds: 3600,
  multipleCareOfAddresses: true,
  bulkRegistration: true,
  maximumBindings: 10 * NODES,
  refreshRequests: true,
  addressDiscovery: true,
  prefixAdvertisements: { enabled: true, minimumIntervalSeconds: 600, maximumIntervalSeconds: 86_400 },
};

function bindingUpdate(node: number, bid: number, sequenceNumber: number): Uint8Array {
  const source = address(`2001:db8:a${bid}::${group(node + 1)}`);
  const identifier = { bid, status: 0, simultaneousHomeAndForeign: false, reserved: 0, careOfAddress: source };
  const timestamp = ntpTimestamp(wallClockMs() + sequenceNumber);
  return encodeSignalling(
    {
      kind: 'mobility',
      source,
      destination: agentAddress,
      homeAddress: homeAddressOf(node),
      message: {
        type: MessageType.bindingUpdate,
        sequenceNumber,
        flags: acknowledge | homeRegistration,
        lifetimeSeconds: 3600,
        options: [
          { type: OptionType.bindingIdentifier, ...identifier },
          { type: OptionType.mobilityMessageReplayProtection, timestamp },
          unsignedAuthentication(SPI),
        ],
      },
    },
    SIGNED,
  );
}

function residentBytes(): number {
  const status = readFile('/proc/self/status');
  const text = typeof status === 'number' ? '' : utf8Decode(status, 0, status.byteLength);
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? Number.NaN);
}

const homeAgent = new HomeAgent(configuration, roleServices);
let acknowledged = 0;

function receive(octets: Uint8Array): void {
  const packet = decodeSignalling(octets);
  if (packet.kind !== 'mobility') return;
  for (const action of homeAgent.handle({ type: 'mobility', packet }, monotonicMs())) {
    if (action.type !== 'send' || action.packet.kind !== 'mobility') continue;
    const { message } = action.packet;
    if (message.type === MessageType.bindingAcknowledgement && message.status === 0) acknowledged++;
    encodeSignalling(action.packet, action.encoding);
  }
}

/** Octets are made beforehand: the sender's work is not the agent's. */
function perSecond(bid: number, sequenceNumber: number): number {
  const packets = Array.from({ length: NODES }, (_, node) => bindingUpdate(node, bid, sequenceNumber));
  const before = acknowledged;
  const startedMs = monotonicMs();
  for (const octets of packets) receive(octets);
  const elapsedMs = monotonicMs() - startedMs;
  if (acknowledged - before !== NODES) throw new Error(`${acknowledged - before} of ${NODES} accepted`);
  return Math.round((NODES * 1000) / elapsedMs);
}

const emptyBytes = residentBytes();
const registrationsPerSecond = perSecond(1, 1);
perSecond(2, 2);
perSecond(3, 3);
const bytesPerBinding = Math.round((residentBytes() - emptyBytes) / (3 * NODES));
report({ registrationsPerSecond, refreshesPerSecond: perSecond(2, 4), bindings: 3 * NODES, bytesPerBinding });
