// What a mobile router does with multicast and with what is meant for its own addresses (RFC 6275 §11.3).
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { ReferenceForwarder } from '../../../src/forwarding/reference.ts';
import { fields, icmpv6, outerPacket, udpPacket } from '../../lib/forwarding-packets.ts';
import {
  CARE_OF,
  HOME_ADDRESS,
  HOME_AGENT,
  mobileRouterTable,
  SERVER,
  STRANGER,
  VEHICLE,
} from '../../lib/forwarding-tables.ts';

const GROUP = 'ff0e::1234';
/** Version 2 of Multicast Listener Discovery: reports, and the routers that listen to them. */
const MLD_REPORT = 143;
const MLD_ROUTERS = 'ff02::16';

function mobileRouter(): ReferenceForwarder {
  const forwarder = new ReferenceForwarder();
  forwarder.apply(mobileRouterTable());
  return forwarder;
}

test('[6275-11.3.4-04] Multicast Listener Discovery never goes into the tunnel, with a binding or without', () => {
  for (const source of [HOME_ADDRESS, VEHICLE, 'fe80::1']) {
    const report = icmpv6(fields(source, MLD_ROUTERS, { hopLimit: 1 }), MLD_REPORT, 0, new Uint8Array(4));
    assert.is(mobileRouter().outbound(report, 0).kind, 'drop', source);
  }
});

test('[6275-11.3.4-07] multicast goes through the tunnel with the home address or one of the mobile network as its source, and with no other', () => {
  for (const [source, kind] of [
    [HOME_ADDRESS, 'send'],
    [VEHICLE, 'send'],
    [CARE_OF[0], 'drop'],
    [STRANGER, 'drop'],
  ] as const) {
    assert.is(mobileRouter().outbound(udpPacket(fields(source, GROUP)), 0).kind, kind, source);
  }
});

test('[6275-11.3.3-01] a tunnelled packet for the home address is taken from the home agent alone, and comes out as it was sent', () => {
  const inner = udpPacket(fields(SERVER, HOME_ADDRESS));
  const taken = mobileRouter().inbound(outerPacket(fields(HOME_AGENT, CARE_OF[1]), inner), 0);
  assert.equal(taken.kind === 'deliver' && taken.packet, inner);
  for (const source of [STRANGER, SERVER, CARE_OF[0]]) {
    const result = mobileRouter().inbound(outerPacket(fields(source, CARE_OF[1]), inner), 0);
    assert.equal(result, { kind: 'drop', reason: 'unknownTunnel' });
  }
});

test('[3963-9-02, MHA-6.1.2-02] what the mobile network sends with a source that is not its own does not go into the tunnel', () => {
  for (const source of [STRANGER, SERVER, CARE_OF[0], '2001:db8:2::1', HOME_AGENT]) {
    assert.equal(mobileRouter().outbound(udpPacket(fields(source, SERVER)), 0), { kind: 'drop', reason: 'noRoute' });
  }
});

test.run();
