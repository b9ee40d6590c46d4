import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../src/bytes/address.ts';
import { foldChecksum, sumWords } from '../../src/bytes/checksum.ts';
import { fragmentIpv4 } from '../../src/forwarding/ipv4-fragments.ts';
import { Icmpv4Type } from '../../src/wire/icmpv4/error.ts';
import { decodeSignalling, encodeSignalling } from '../../src/wire/signalling.ts';
import { type Endpoint, Nat, type NatPlan } from './nat.ts';
import { destination, hasRightUdpChecksum, icmpError, Next, payloadAt, source, udp, word } from './packets.ts';
import { Random } from './random.ts';
import { Reassembly } from './reassembly.ts';

const HOST = address('10.0.0.2');
const OTHER_HOST = address('10.0.0.3');
const EXTERNAL = address('198.51.100.1');
const AGENT: Endpoint = { address: address('192.0.2.1'), port: 4191 };
const STRANGER: Endpoint = { address: address('203.0.113.9'), port: 4191 };
const PAYLOAD = new Uint8Array(64).fill(7);
const PORT = 4191;

const PLAN: NatPlan = {
  mapping: 'endpoint-independent',
  filtering: 'address-and-port-dependent',
  timeoutMs: 30_000,
  refreshedFromOutside: false,
  ports: 'random',
  passesTunnels: false,
};

function nat(more: Partial<NatPlan> = {}, external = () => EXTERNAL): Nat {
  return new Nat({ ...PLAN, ...more }, new Random(3), external);
}

function out(box: Nat, nowMs: number, to = AGENT, host = HOST, port = PORT): Endpoint {
  const packet = box.outbound(udp(host, to.address, [port, to.port], PAYLOAD), nowMs);
  assert.instance(packet, Uint8Array);
  const sent = packet as Uint8Array;
  assert.ok(hasRightUdpChecksum(sent) && isSealed(sent));
  assert.is(destination(sent), to.address);
  return { address: source(sent), port: word(sent, payloadAt(sent)) };
}

/** What comes of a packet to an external endpoint: the inside endpoint that gets it, or why nobody does. */
function back(box: Nat, nowMs: number, to: Endpoint, from = AGENT): Endpoint | string {
  const packet = box.inbound(udp(from.address, to.address, [from.port, to.port], PAYLOAD), nowMs);
  if (typeof packet === 'string') return packet;
  assert.ok(hasRightUdpChecksum(packet) && isSealed(packet));
  assert.is(source(packet), from.address);
  return { address: destination(packet), port: word(packet, payloadAt(packet) + 2) };
}

function isSealed(packet: Uint8Array): boolean {
  return foldChecksum(sumWords(packet.subarray(0, payloadAt(packet)))) === 0;
}

test('a NAT gives an inside endpoint an external one, and the answer finds its way back with right checksums', () => {
  const box = nat();
  const external = out(box, 0);
  assert.is(external.address, EXTERNAL);
  assert.is.not(external.port, PORT);
  assert.equal(back(box, 10, external), { address: HOST, port: PORT });
  assert.equal(out(box, 20), external);
  assert.equal(back(box, 30, { address: EXTERNAL, port: external.port ^ 1 }), 'no-mapping');
});

test('a datagram without a checksum keeps none', () => {
  const packet = udp(HOST, AGENT.address, [PORT, PORT], PAYLOAD);
  packet.fill(0, 26, 28);
  const sent = nat().outbound(packet, 0) as Uint8Array;
  assert.is(word(sent, 26), 0);
});

test('an endpoint-independent mapping serves all remote ends, an address-and-port-dependent one has a port for each', () => {
  const independent = nat();
  assert.equal(out(independent, 0, STRANGER), out(independent, 0));
  const dependent = nat({ mapping: 'address-and-port-dependent' });
  assert.is.not(out(dependent, 0, STRANGER).port, out(dependent, 0).port);
});

test('address-and-port-dependent filtering lets in whom was sent to alone, endpoint-independent filtering anybody', () => {
  const strict = nat();
  assert.equal(back(strict, 1, out(strict, 0), STRANGER), 'filtered');
  out(strict, 2, STRANGER);
  assert.equal(back(strict, 3, out(strict, 2), STRANGER), { address: HOST, port: PORT });
  const open = nat({ filtering: 'endpoint-independent' });
  assert.equal(back(open, 1, out(open, 0), STRANGER), { address: HOST, port: PORT });
});

test('a mapping ends after its time in silence, and the next packet makes another one', () => {
  const box = nat();
  const before = out(box, 0);
  out(box, 29_000);
  assert.equal(back(box, 58_999, before), { address: HOST, port: PORT });
  assert.equal(back(box, 59_000, before), 'no-mapping');
  assert.is(box.endedMs(before, 60_000), 59_000);
  assert.is(box.external({ address: HOST, port: PORT }, AGENT, 60_000), undefined);
  const after = out(box, 60_000);
  assert.is.not(after.port, before.port);
  assert.equal([box.timeouts, box.rebindings, box.portChanges], [1, 1, 1]);
});

test('packets from outside keep a mapping only where the NAT takes them for a sign of life', () => {
  for (const refreshedFromOutside of [false, true]) {
    const box = nat({ refreshedFromOutside });
    const external = out(box, 0);
    back(box, 20_000, external);
    assert.is(back(box, 40_000, external) === 'no-mapping', !refreshedFromOutside);
  }
});

test('ports are kept where they are free, counted up, or drawn', () => {
  const preserving = nat({ ports: 'preserving' });
  assert.is(out(preserving, 0).port, PORT);
  assert.is.not(out(preserving, 0, AGENT, OTHER_HOST).port, PORT);
  const sequential = nat({ ports: 'sequential' });
  const first = out(sequential, 0).port;
  assert.is(out(sequential, 0, AGENT, OTHER_HOST).port, first + 1);
});

test('a port that nobody holds any more goes to the next one, and then leads to it', () => {
  const box = nat({ ports: 'preserving' });
  const external = out(box, 0);
  assert.equal(out(box, 40_000, AGENT, OTHER_HOST), external);
  assert.equal(back(box, 40_001, external), { address: OTHER_HOST, port: PORT });
  assert.is(box.reused, 1);
});

test('a NAT that restarts has forgotten everything, and may have another address then', () => {
  let external = EXTERNAL;
  const box = nat({}, () => external);
  const before = out(box, 0);
  box.reboot(1000);
  assert.equal(back(box, 1001, before), 'no-mapping');
  assert.is(box.endedMs(before, 1001), 1000);
  external = address('198.51.100.2');
  assert.is(out(box, 1002).address, external);
  assert.is(box.rebindings, 1);
});

test('a mapping with an address that the NAT has no more is another one from then on', () => {
  let external = EXTERNAL;
  const box = nat({ ports: 'preserving' }, () => external);
  out(box, 0);
  external = address('198.51.100.2');
  assert.is(box.external({ address: HOST, port: PORT }, AGENT, 1), undefined);
  assert.equal(out(box, 2), { address: external, port: PORT });
  assert.equal([box.rebindings, box.portChanges], [1, 0]);
});

test('behind two NATs in a row a packet and its answer pass both', () => {
  const modem = nat({ ports: 'preserving' }, () => address('100.64.0.7'));
  const carrier = nat();
  const first = modem.outbound(udp(HOST, AGENT.address, [PORT, PORT], PAYLOAD), 0) as Uint8Array;
  const second = carrier.outbound(first, 0) as Uint8Array;
  const external = { address: source(second), port: word(second, 20) };
  assert.is(external.address, EXTERNAL);
  const answer = carrier.inbound(udp(AGENT.address, external.address, [PORT, external.port], PAYLOAD), 5) as Uint8Array;
  assert.is(destination(answer), address('100.64.0.7'));
  const received = modem.inbound(answer, 6) as Uint8Array;
  assert.equal([destination(received), word(received, 22)], [HOST, PORT]);
  assert.ok(hasRightUdpChecksum(received));
});

test('protocols 4 and 41 do not pass, or for the one host that used them last', () => {
  const packet = (host = HOST) => {
    const tunnelled = udp(host, AGENT.address, [1, 2], PAYLOAD);
    tunnelled[9] = Next.ipv6;
    return tunnelled;
  };
  const answer = udp(AGENT.address, EXTERNAL, [1, 2], PAYLOAD);
  answer[9] = Next.ipv6;
  assert.is(nat().outbound(packet(), 0), 'protocol');
  assert.is(nat().inbound(answer, 0), 'protocol');
  const box = nat({ passesTunnels: true });
  assert.is(box.inbound(answer, 0), 'protocol');
  for (const host of [HOST, OTHER_HOST]) {
    assert.is(source(box.outbound(packet(host), 0) as Uint8Array), EXTERNAL);
    assert.is(destination(box.inbound(answer, 1) as Uint8Array), host);
  }
});

test('fragments follow the first one, and one that comes before it is lost', () => {
  const whole = udp(HOST, AGENT.address, [PORT, PORT], new Uint8Array(1200).fill(9), true);
  const [first, later] = fragmentIpv4(whole, 800) as [Uint8Array, Uint8Array];
  const box = nat();
  assert.is(box.outbound(later, 0), 'fragment');
  const reassembly = new Reassembly();
  const parts = [first, later].map((part) => box.outbound(part, 0) as Uint8Array);
  assert.is(reassembly.add(parts[0]!), undefined);
  const joined = reassembly.add(parts[1]!)!;
  assert.is(joined.length, whole.length);
  assert.ok(hasRightUdpChecksum(joined));
  assert.is(source(joined), EXTERNAL);
});

test('an ICMP error about a packet that was sent reaches its sender, who sees the packet as it was', () => {
  const box = nat();
  const packet = udp(HOST, AGENT.address, [PORT, PORT], PAYLOAD);
  const sent = box.outbound(packet, 0) as Uint8Array;
  const error = icmpError('packetTooBig', sent, address('203.0.113.1'), { value: 1400 })!;
  const received = decodeSignalling(box.inbound(error, 1) as Uint8Array);
  assert.is(received.kind, 'icmpv4');
  assert.is(received.destination, HOST);
  const { message } = received as Extract<typeof received, { kind: 'icmpv4' }>;
  assert.equal([message.type, message.mtuBytes], [Icmpv4Type.destinationUnreachable, 1400]);
  assert.equal([...message.invokingPacket], [...packet]);
});

test('an ICMP error from inside says outside what was sent there', () => {
  const box = nat();
  const external = out(box, 0);
  const request = udp(AGENT.address, EXTERNAL, [PORT, external.port], PAYLOAD);
  const inside = box.inbound(request, 1) as Uint8Array;
  const error = box.outbound(icmpError('parameterProblem', inside, HOST)!, 2) as Uint8Array;
  const sent = decodeSignalling(error);
  assert.equal([sent.kind, sent.source, sent.destination], ['icmpv4', EXTERNAL, AGENT.address]);
  const { message } = sent as Extract<typeof sent, { kind: 'icmpv4' }>;
  assert.equal([...message.invokingPacket], [...request]);
  const unknown = encodeSignalling({ ...sent, source: OTHER_HOST } as typeof sent);
  assert.is(nat().outbound(unknown, 2), 'no-mapping');
});

test('a NAT of the same plan and seed chooses the same ports', () => {
  const ports = () => {
    const box = nat();
    return [HOST, OTHER_HOST].map((host) => out(box, 0, AGENT, host).port);
  };
  assert.equal(ports(), ports());
});

test.run();
