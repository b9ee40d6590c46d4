// scapy as oracle for ICMPv6: what it builds of Neighbor Discovery and Mobile IPv6 we decode to the same fields.
import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../src/bytes/address.ts';
import { type Icmpv6Message, Icmpv6Type } from '../../src/wire/icmpv6/message.ts';
import type { NeighborOption } from '../../src/wire/icmpv6/neighbor-options.ts';
import { NeighborOptionType } from '../../src/wire/icmpv6/numbers.ts';
import { decodeSignalling } from '../../src/wire/signalling.ts';
import { hex } from '../lib/wire.ts';

const SEED = 6275;
const PACKETS = 1200;

type Fields = Readonly<Record<string, number | string>>;

interface ScapyRow {
  readonly packet: string;
  readonly source: string;
  readonly destination: string;
  readonly hopLimit: number;
  readonly homeAddress?: string;
  readonly routing2?: string;
  readonly message: Fields & { readonly type: number; readonly addresses?: readonly string[] };
  readonly options: readonly { readonly type: number; readonly data: string; readonly fields: Fields }[];
}

function scapyRows(): ScapyRow[] {
  const script = new URL('../lib/wire-scapy-icmpv6.py', import.meta.url).pathname;
  const argv = [script, `${SEED}`, `${PACKETS}`];
  const run = spawnSync('/usr/bin/python3', argv, { encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.is(run.status, 0, run.error?.message ?? run.stderr);
  return run.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as ScapyRow);
}

const octetsOf = (text: string | number | undefined) => hex(`${text}`.replaceAll(':', ''));

function expectedOption({ type, data, fields }: ScapyRow['options'][number]): NeighborOption {
  const number = (name: string) => Number(fields[name]);
  switch (type) {
    case NeighborOptionType.sourceLinkLayerAddress:
    case NeighborOptionType.targetLinkLayerAddress:
      return { type, linkLayerAddress: octetsOf(fields['lladdr']) };
    case NeighborOptionType.prefixInformation:
      return {
        type,
        prefixLength: number('prefixlen'),
        flags: number('L') * 0x80 + number('A') * 0x40 + number('R') * 0x20 + number('res1'),
        validLifetimeSeconds: number('validlifetime'),
        preferredLifetimeSeconds: number('preferredlifetime'),
        address: address(`${fields['prefix']}`),
      };
    case NeighborOptionType.mtu:
      return { type, mtuBytes: number('mtu') };
    case NeighborOptionType.advertisementInterval:
      return { type, intervalMs: number('advint') };
    case NeighborOptionType.homeAgentInformation:
      return {
        type,
        mobileRouter: number('res') >= 0x8000,
        preference: number('pref'),
        lifetimeSeconds: number('lifetime'),
      };
    default:
      return { type: 'unknown', optionType: type, data: hex(data) };
  }
}

function expectedMessage({ message, options }: ScapyRow): Icmpv6Message {
  const number = (name: string) => Number(message[name]);
  const decoded = options.map(expectedOption);
  const mobileRouter = message['R'] === 1;
  switch (message.type) {
    case Icmpv6Type.homeAgentAddressDiscoveryRequest:
      return { type: Icmpv6Type.homeAgentAddressDiscoveryRequest, identifier: number('id'), mobileRouter };
    case Icmpv6Type.homeAgentAddressDiscoveryReply:
      return {
        type: Icmpv6Type.homeAgentAddressDiscoveryReply,
        identifier: number('id'),
        mobileRouter,
        homeAgentAddresses: message.addresses!.map(address),
      };
    case Icmpv6Type.mobilePrefixSolicitation:
      return { type: Icmpv6Type.mobilePrefixSolicitation, identifier: number('id'), options: decoded };
    case Icmpv6Type.mobilePrefixAdvertisement:
      return {
        type: Icmpv6Type.mobilePrefixAdvertisement,
        identifier: number('id'),
        flags: number('flags') * 0x40 + (number('res') >> 8),
        options: decoded,
      };
    case Icmpv6Type.routerSolicitation:
      return { type: Icmpv6Type.routerSolicitation, options: decoded };
    case Icmpv6Type.routerAdvertisement:
      return {
        type: Icmpv6Type.routerAdvertisement,
        currentHopLimit: number('chlim'),
        flags: [0x80, 0x40, 0x20, 8, 4, 1].reduce(
          (sum, weight, i) => sum + weight * number(['M', 'O', 'H', 'prf', 'P', 'res'][i]!),
          0,
        ),
        routerLifetimeSeconds: number('routerlifetime'),
        reachableTimeMs: number('reachabletime'),
        retransmitTimerMs: number('retranstimer'),
        options: decoded,
      };
    case Icmpv6Type.neighborSolicitation:
      return {
        type: Icmpv6Type.neighborSolicitation,
        targetAddress: address(`${message['tgt']}`),
        options: decoded,
      };
    default:
      return {
        type: Icmpv6Type.neighborAdvertisement,
        flags: number('R') * 0x80 + number('S') * 0x40 + number('O') * 0x20 + Math.floor(number('res') / 0x100_0000),
        targetAddress: address(`${message['tgt']}`),
        options: decoded,
      };
  }
}

test(`ICMPv6 that scapy builds decodes to its fields (seed ${SEED})`, () => {
  const rows = scapyRows();
  assert.is(rows.length, PACKETS);
  const types = new Map<number, number>();
  for (const row of rows) {
    types.set(row.message.type, (types.get(row.message.type) ?? 0) + 1);
    const { homeAddress, routing2 } = row;
    assert.equal(
      decodeSignalling(hex(row.packet)),
      {
        kind: 'icmpv6',
        hopLimit: row.hopLimit,
        source: address(row.source),
        destination: address(row.destination),
        ...(homeAddress !== undefined && { homeAddress: address(homeAddress) }),
        ...(routing2 !== undefined && { routing2: address(routing2) }),
        message: expectedMessage(row),
      },
      JSON.stringify(row),
    );
  }
  assert.equal(
    [...types.keys()].sort((a, b) => a - b),
    [133, 134, 135, 136, 144, 145, 146, 147],
  );
  assert.ok(Math.min(...types.values()) > 50);
});

test.run();
