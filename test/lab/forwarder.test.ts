// The native forwarder alone, built with sanitizers, between real TUN devices, sockets and TCP stacks.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { address } from '../../src/bytes/address.ts';
import { prefix } from '../../src/bytes/prefix.ts';
import { encodeTable } from '../../src/forwarding/encode-table.ts';
import { FORWARDER_COUNTERS } from '../../src/forwarding/statistics.ts';
import { Encapsulation, type ForwardingTable, SelectionMode, type Tunnel } from '../../src/forwarding/table.ts';
import { startCapture, tsharkFields } from './capture.ts';
import {
  inNamespace,
  ipBatch,
  ipv4Batch,
  type LabProcess,
  makeNamespaces,
  nft,
  removeNamespaces,
  run,
  start,
  until,
} from './namespace.ts';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const TUN = 'tun-lab';
const INNER_MTU = 1460;
const PORT = 4191;
const TRANSFER_BYTES = 24_000_000;
const PIECE_BYTES = 240_000;
const PIECE_INTERVAL_MS = 20;
const DATAGRAMS = 4000;
const VEHICLE = '2001:db8:1::99';
const SERVER = '2001:db8:9::80';
const AGENT = '2001:db8:f::1';
const UPLINKS = [
  {
    device: 'up0',
    careOf: '2001:db8:a::2',
    gateway: '2001:db8:a::1',
    ipv4: { careOf: '192.0.2.2', gateway: '192.0.2.1' },
  },
  {
    device: 'up1',
    careOf: '2001:db8:b::2',
    gateway: '2001:db8:b::1',
    ipv4: { careOf: '192.0.2.18', gateway: '192.0.2.17' },
  },
] as const;
const IPV4 = { vehicle: '198.51.100.99', server: '203.0.113.80', agent: '203.0.113.130' } as const;

const directory = mkdtempSync(join(tmpdir(), 'monami-forwarder-lab-'));
const program = join(directory, 'forwarder');
const names = makeNamespaces(['host', 'router', 'agent', 'server'], 'fw-');
const lines: Record<'router' | 'agent', string[]> = { router: [], agent: [] };
const forwarders: Partial<Record<'router' | 'agent', LabProcess>> = {};

function build(): void {
  const folder = join(root, 'firmware/forwarder');
  const sources = readdirSync(folder).filter((name) => name.endsWith('.c'));
  const done = spawnSync(
    'cc',
    [
      ...['-std=c11', '-D_GNU_SOURCE', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-pthread'],
      ...['-fsanitize=address,undefined', '-fno-sanitize-recover=all'],
      ...sources.map((name) => join(folder, name)),
      join(root, 'test/bench/forwarder-standalone.c'),
      ...['-o', program],
    ],
    { encoding: 'utf8' },
  );
  assert.is(done.status, 0, done.stderr);
}

const SYSCTLS = [
  'net.ipv6.conf.all.forwarding=1',
  'net.ipv6.conf.default.accept_dad=0',
  'net.ipv4.ip_forward=1',
  'net.ipv4.conf.all.rp_filter=0',
  'net.ipv4.conf.default.rp_filter=0',
];

function connect(): void {
  const { host, router, agent, server } = names;
  const link = (a: string, deviceA: string, b: string, deviceB: string) => {
    ipBatch([`link add ${deviceA} type veth peer name ${deviceB} netns ${b}`, `link set ${deviceA} up`], a);
    ipBatch([`link set ${deviceB} up`], b);
  };
  for (const name of Object.values(names)) {
    ipBatch(['link set lo up'], name);
    run(inNamespace(name, ['sysctl', '-qw', ...SYSCTLS]));
  }
  link(host, 'h0', router, 'lan');
  for (const [index, { device }] of UPLINKS.entries()) link(router, device, agent, `ag${index}`);
  link(agent, 'core', server, 's0');
  ipBatch([`address add ${VEHICLE}/48 dev h0 nodad`, 'route add default via 2001:db8:1::1'], host);
  ipBatch(
    [
      'address add 2001:db8:1::1/48 dev lan nodad',
      ...UPLINKS.flatMap(({ device, careOf, gateway }, index) => [
        `address add ${careOf}/64 dev ${device} nodad`,
        `route add default via ${gateway} dev ${device} table ${100 + index}`,
        `rule add from ${careOf} lookup ${100 + index} priority ${100 + index}`,
      ]),
    ],
    router,
  );
  ipBatch(
    [
      'address add 2001:db8:9::1/64 dev core nodad',
      `address add ${AGENT}/128 dev lo nodad`,
      ...UPLINKS.map(({ gateway }, index) => `address add ${gateway}/64 dev ag${index} nodad`),
    ],
    agent,
  );
  ipBatch([`address add ${SERVER}/64 dev s0 nodad`, 'route add default via 2001:db8:9::1'], server);
  connectIpv4();
  const rules = ['ip6', 'ip'].flatMap((family) => [
    `add table ${family} lab`,
    `add chain ${family} lab first { type filter hook prerouting priority raw; }`,
    `add rule ${family} lab first meta l4proto { 4, 41 } drop`,
    `add rule ${family} lab first udp dport ${PORT} drop`,
  ]);
  for (const name of [router, agent]) nft(name, `${rules.join('\n')}\n`);
}

function connectIpv4(): void {
  const { host, router, agent, server } = names;
  ipv4Batch([`address add ${IPV4.vehicle}/26 dev h0`, 'route add default via 198.51.100.65'], host);
  ipv4Batch(
    [
      'address add 198.51.100.65/26 dev lan',
      ...UPLINKS.flatMap(({ device, ipv4 }, index) => [
        `address add ${ipv4.careOf}/28 dev ${device}`,
        `route add default via ${ipv4.gateway} dev ${device} table ${100 + index}`,
        `rule add from ${ipv4.careOf} lookup ${100 + index} priority ${100 + index}`,
      ]),
    ],
    router,
  );
  ipv4Batch(
    [
      'address add 203.0.113.1/25 dev core',
      `address add ${IPV4.agent}/32 dev lo`,
      ...UPLINKS.map(({ ipv4 }, index) => `address add ${ipv4.gateway}/28 dev ag${index}`),
    ],
    agent,
  );
  ipv4Batch([`address add ${IPV4.server}/25 dev s0`, 'route add default via 203.0.113.1'], server);
}

function interfaceIndex(namespace: string, device: string): number {
  return Number(run(inNamespace(namespace, ['cat', `/sys/class/net/${device}/ifindex`])));
}

function tables(usable: readonly boolean[], encapsulation: Encapsulation): Record<'router' | 'agent', ForwardingTable> {
  const inIpv6 = encapsulation === Encapsulation.ipv6;
  const port = encapsulation === Encapsulation.udp ? PORT : 0;
  const agentAddress = inIpv6 ? AGENT : IPV4.agent;
  const careOfOf = (uplink: (typeof UPLINKS)[number]) => (inIpv6 ? uplink.careOf : uplink.ipv4.careOf);
  const routerDevices = UPLINKS.map(({ device }) => interfaceIndex(names.router, device));
  const agentDevices = UPLINKS.map((_, index) => interfaceIndex(names.agent, `ag${index}`));
  const tunnel = (index: number, own: string, other: string, device: number): Tunnel => ({
    id: index + 1,
    encapsulation,
    outerSource: address(own),
    outerDestination: address(other),
    sourcePort: port,
    destinationPort: port,
    interfaceIndex: device,
    pathMtuBytes: 1500,
    usable: usable[index]!,
  });
  const groups = (mode: SelectionMode) => [
    {
      id: 1,
      mode,
      tunnels: UPLINKS.map((_, index) => ({ tunnelId: index + 1, weight: 1 })),
      prefixes: [prefix('2001:db8:1::/48'), prefix('198.51.100.64/26')],
    },
  ];
  return {
    router: {
      side: 'mobile-router',
      icmpSource: address('2001:db8:1::1'),
      icmpv4Source: address('198.51.100.65'),
      interfaces: routerDevices,
      tunnels: UPLINKS.map((uplink, index) => tunnel(index, careOfOf(uplink), agentAddress, routerDevices[index]!)),
      groups: groups(SelectionMode.firstUsable),
    },
    agent: {
      side: 'home-agent',
      icmpSource: address(AGENT),
      icmpv4Source: address(IPV4.agent),
      interfaces: agentDevices,
      tunnels: UPLINKS.map((uplink, index) => tunnel(index, agentAddress, careOfOf(uplink), 0)),
      groups: groups(SelectionMode.follow),
    },
  };
}

function writeTables(usable: readonly boolean[], encapsulation: Encapsulation = Encapsulation.ipv6): void {
  for (const [role, table] of Object.entries(tables(usable, encapsulation)))
    writeFileSync(join(directory, `${role}.table`), encodeTable(table));
}

/** Both ends go over to another encapsulation; how many packets that were on their way were lost is not looked at. */
async function reencapsulate(encapsulation: Encapsulation): Promise<void> {
  writeTables([true, true], encapsulation);
  for (const role of ['router', 'agent'] as const) forwarders[role]!.child.kill('SIGHUP');
  // A command in between: answered once the table is in force.
  for (const role of ['router', 'agent'] as const) await counters(role);
}

async function startForwarders(): Promise<void> {
  writeTables([true, true]);
  for (const role of ['router', 'agent'] as const) {
    forwarders[role] = start(names[role], [program, TUN, join(directory, `${role}.table`)], {
      onLine: (line) => lines[role].push(line),
    });
    await until(`the ${role}'s forwarder is ready`, 5000, () => lines[role].includes('ready'));
    ipBatch([`link set ${TUN} up mtu ${INNER_MTU}`], names[role]);
    // ICMPv4 errors come out of the TUN with a source that is the router's own.
    run(inNamespace(names[role], ['sysctl', '-qw', `net.ipv4.conf.${TUN}.accept_local=1`]));
  }
  for (const batch of [ipBatch, ipv4Batch]) batch([`route add default dev ${TUN}`], names.router);
  ipBatch([`route add 2001:db8:1::/48 dev ${TUN}`], names.agent);
  ipv4Batch([`route add 198.51.100.64/26 dev ${TUN}`], names.agent);
}

/** All counters of a forwarder, in the layout of src/forwarding/statistics.ts. */
async function counters(role: 'router' | 'agent'): Promise<number[]> {
  const before = lines[role].length;
  forwarders[role]!.child.kill('SIGUSR1');
  await until('the counters are printed', 2000, () => lines[role].length > before);
  return lines[role].at(-1)!.trim().split(' ').map(Number);
}

function sentBy(all: readonly number[], tunnel: number): number {
  return all[FORWARDER_COUNTERS.length + 6 * (tunnel - 1) + 1]!;
}

/** Octets that tell where they belong, so that a hole or a swap shows. */
const PATTERN = `
const pattern = (length) => {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32BE((i * 2654435761) >>> 0, i);
  return bytes;
};
const hash = (bytes) => require('node:crypto').createHash('sha256').update(bytes).digest('hex');
`;

const ECHO_SERVER = `${PATTERN}
require('node:net').createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket)).listen(7000, '::', () => console.log('up'));
for (const kind of ['udp4', 'udp6']) {
  const udp = require('node:dgram').createSocket({ type: kind, ipv6Only: kind === 'udp6' });
  udp.on('message', (message, from) => udp.send(message, from.port, from.address));
  udp.bind(7000);
}
`;

const TCP_CLIENT = `${PATTERN}
const sent = pattern(${TRANSFER_BYTES});
const socket = require('node:net').connect(7000, '${SERVER}', () => socket.end(sent));
const parts = [];
socket.on('data', (part) => parts.push(part));
socket.on('end', () => console.log(hash(Buffer.concat(parts)) === hash(sent) ? 'equal' : 'different'));
socket.on('error', (error) => console.log(error.code));
`;

/** The same in small pieces: it takes two seconds on any machine, so that something can happen to it. */
const SLOW_TCP_CLIENT = TCP_CLIENT.replace(
  'socket.end(sent)',
  `{
  let at = 0;
  const timer = setInterval(() => {
    socket.write(sent.subarray(at, (at += ${PIECE_BYTES})));
    if (at < sent.length) return;
    clearInterval(timer);
    socket.end();
  }, ${PIECE_INTERVAL_MS});
}`,
);

const UDP_CLIENT = `
const socket = require('node:dgram').createSocket('udp6');
const seen = new Set();
let bad = 0;
let next = 0;
socket.on('message', (message) => {
  const number = message.readUInt32BE(0);
  const right = message.length === 200 + (number % 7) * 150 && message.subarray(4).every((byte) => byte === number % 251);
  if (!right) bad++;
  seen.add(number);
});
let idle = 0;
let before = 0;
const timer = setInterval(() => {
  // No more on their way than every buffer holds, however slow the machine is.
  for (let i = 0; i < 10 && next < ${DATAGRAMS} && next - seen.size < 100; i++, next++) {
    const message = Buffer.alloc(200 + (next % 7) * 150, next % 251);
    message.writeUInt32BE(next, 0);
    socket.send(message, 7000, '${SERVER}');
  }
  idle = seen.size > before ? 0 : idle + 1;
  before = seen.size;
  if (seen.size < ${DATAGRAMS} && idle < 1000) return;
  clearInterval(timer);
  console.log(seen.size + ' ' + bad);
  socket.close();
}, 2);
`;

/** The same client, to the server's IPv4 address. */
function overIpv4(script: string): string {
  return script.replaceAll(SERVER, IPV4.server).replaceAll('udp6', 'udp4');
}

const ofOctets = (script: string, octets: number) => script.replaceAll(String(TRANSFER_BYTES), String(octets));

async function client(script: string): Promise<string> {
  const output: string[] = [];
  const process = start(names.host, ['node', '-e', script], { onLine: (line) => output.push(line) });
  await process.ended;
  return output.join('\n') || process.errors();
}

test.before(async () => {
  build();
  connect();
  await startForwarders();
  const up: string[] = [];
  start(names.server, ['node', '-e', ECHO_SERVER], { onLine: (line) => up.push(line) });
  await until('the server is up', 5000, () => up.length > 0);
});

test.after(() => {
  removeNamespaces(Object.values(names));
  rmSync(directory, { recursive: true });
});

function ping(destination: string, ...options: string[]): void {
  for (const bytes of [8, 56, 1200, 1412, 1413, 4000])
    run(
      inNamespace(names.host, [
        ...['ping', '-n', '-c', '4', '-i', '0.05', '-W', '2', ...options, '-s', String(bytes), destination],
      ]),
    );
}

const pingOverIpv6 = () => ping(SERVER);
const pingOverIpv4 = () => ping(IPV4.server, '-M', 'dont');

async function datagramsComeBack(script: string): Promise<void> {
  const [seen, bad] = (await client(script)).split(' ').map(Number);
  assert.is(bad, 0);
  assert.ok(seen! > DATAGRAMS * 0.99, `${seen} of ${DATAGRAMS} datagrams came back`);
}

/** tshark finds no wrong checksum and nothing malformed. */
function expectSound(file: string, options: readonly string[]): void {
  const checks = ['ip.check_checksum', 'tcp.check_checksum', 'udp.check_checksum'];
  // Port 7000 is that of a protocol which tshark would look for in our patterns.
  const preferences = ['--disable-protocol', 'gryphon', ...checks.flatMap((check) => ['-o', `${check}:TRUE`])];
  const wrong = ['ip', 'tcp', 'udp', 'icmp', 'icmpv6'].map((protocol) => `${protocol}.checksum.status == 0`);
  const filter = [...wrong, '_ws.malformed'].join(' || ');
  assert.is(run(['tshark', '-n', '-r', file, ...preferences, ...options, '-Y', filter]), '');
}

test('pings of all sizes pass both ways through the tunnel', pingOverIpv6);

test('[3963-5.5-02] [3963-6.4-01] what goes over the uplink is IPv6 in IPv6, every checksum in it right, no packet longer than the path MTU and no ICMPv6 error outside', async () => {
  const capture = await startCapture(names.agent, join(directory, 'uplink.pcap'), 'ip6 host 2001:db8:a::2');
  assert.is(await client(ofOctets(TCP_CLIENT, 2_000_000)), 'equal');
  await datagramsComeBack(UDP_CLIENT);
  await capture.stop();
  const packets = tsharkFields(capture.file, 'ipv6.nxt == 41', ['ipv6.nxt', 'ipv6.plen', 'ipv6.hlim', 'ipv6.src']);
  assert.ok(packets.length > 4000);
  for (const packet of packets) {
    assert.is(packet['ipv6.nxt']![0], '41');
    assert.is(packet['ipv6.hlim']![0], '64');
    assert.ok(Number(packet['ipv6.plen']![0]) <= INNER_MTU);
    assert.ok([UPLINKS[0].careOf, AGENT].includes(packet['ipv6.src']![0] as typeof AGENT));
  }
  expectSound(capture.file, []);
  assert.equal(tsharkFields(capture.file, 'icmpv6.type < 128 && !(ipv6.nxt == 41)', ['frame.number']), []);
});

test(`${TRANSFER_BYTES / 1e6} MB over TCP come back octet for octet`, async () => {
  assert.is(await client(TCP_CLIENT), 'equal');
});

test('[5648-3-03] [5648-3-05] a running transfer moves to the other uplink when its tunnel is no longer usable, and the agent follows', async () => {
  const before = { router: await counters('router'), agent: await counters('agent') };
  const transfer = client(SLOW_TCP_CLIENT);
  await until(
    'the transfer runs',
    5000,
    async () => sentBy(await counters('router'), 1) > sentBy(before.router, 1) + 500,
  );
  writeTables([false, true]);
  forwarders.router!.child.kill('SIGHUP');
  await until('the router uses the other uplink', 5000, async () => sentBy(await counters('router'), 2) > 500);
  await until('the agent uses it, too', 5000, async () => sentBy(await counters('agent'), 2) > 500);
  assert.is(await transfer, 'equal');
});

test('a packet that is too big is answered with the MTU of the tunnel', () => {
  ipBatch(['link set dev h0 mtu 9000'], names.host);
  ipBatch(['link set dev lan mtu 9000', `link set dev ${TUN} mtu 9000`], names.router);
  // A destination whose path MTU nobody has learnt yet.
  const argv = ['ping', '-n', '-M', 'do', '-c', '1', '-W', '1', '-s', '2000', '2001:db8:9::81'];
  const { stdout } = spawnSync('ip', ['netns', 'exec', names.host, ...argv], { encoding: 'utf8' });
  assert.match(stdout, `Packet too big: mtu=${INNER_MTU}`);
});

test('[5555-4.4.3-01] [5555-4.5.1-01] IPv4 goes through a tunnel in IPv6: pings of all sizes, TCP and UDP', async () => {
  await reencapsulate(Encapsulation.ipv6);
  const capture = await startCapture(names.agent, join(directory, 'ipv4-in-ipv6.pcap'), 'ip6 proto 4');
  pingOverIpv4();
  assert.is(await client(ofOctets(overIpv4(TCP_CLIENT), 8_000_000)), 'equal');
  await datagramsComeBack(overIpv4(UDP_CLIENT));
  await capture.stop();
  expectSound(capture.file, []);
  assert.ok(tsharkFields(capture.file, 'ipv6.nxt == 4', ['ipv6.nxt']).length > 4000);
});

for (const [name, encapsulation, clauses, filter] of [
  [
    'directly in IPv4',
    Encapsulation.ipv4,
    '[5555-4.4.3-02] [5555-4.5.1-02] [5555-4.5.1-03]',
    'ip proto 4 or ip proto 41',
  ],
  [
    'in UDP in IPv4',
    Encapsulation.udp,
    '[5555-4.1-01] [5555-4.1-03] [5555-4.4.3-02] [5555-4.5.1-03]',
    `udp port ${PORT}`,
  ],
] as const)
  test(`${clauses} both families go through a tunnel ${name}: pings of all sizes, TCP and UDP, every checksum right`, async () => {
    await reencapsulate(encapsulation);
    const capture = await startCapture(names.agent, join(directory, `${encapsulation}.pcap`), filter);
    pingOverIpv4();
    pingOverIpv6();
    for (const make of [(script: string) => script, overIpv4]) {
      assert.is(await client(ofOctets(make(TCP_CLIENT), 8_000_000)), 'equal');
      await datagramsComeBack(make(UDP_CLIENT));
    }
    await capture.stop();
    expectSound(capture.file, ['-d', `udp.port==${PORT},ip`]);
    const outer = tsharkFields(capture.file, 'ip', ['ip.len', 'ip.flags.df', 'ip.ttl', 'ip.src', 'ip.dst']);
    assert.ok(outer.length > 8000, `${outer.length} packets`);
    for (const packet of outer) {
      assert.ok(Number(packet['ip.len']![0]) <= 1500);
      assert.equal([packet['ip.flags.df']![0], packet['ip.ttl']![0]], ['1', '64']);
      assert.ok([packet['ip.src']![0], packet['ip.dst']![0]].includes(IPV4.agent));
    }
    const careOf = new Set(outer.map((packet) => packet['ip.src']![0]).filter((source) => source !== IPV4.agent));
    assert.equal([...careOf], [UPLINKS[0].ipv4.careOf], 'by the first usable tunnel');
  });

test('an IPv4 packet that must not be fragmented is answered with the MTU of the tunnel; others pass in fragments', async () => {
  await reencapsulate(Encapsulation.udp);
  ipBatch([`link set dev ${TUN} mtu 9000`], names.agent);
  const argv = ['ping', '-n', '-M', 'do', '-c', '1', '-W', '1', '-s', '2000', '203.0.113.81'];
  const { stdout } = spawnSync('ip', ['netns', 'exec', names.host, ...argv], { encoding: 'utf8' });
  assert.match(stdout, 'mtu = 1472');
  ipBatch(['link set dev core mtu 9000'], names.agent);
  ipBatch(['link set dev s0 mtu 9000'], names.server);
  run(
    inNamespace(names.host, [
      'ping',
      '-n',
      '-M',
      'dont',
      '-c',
      '3',
      '-i',
      '0.05',
      '-W',
      '2',
      '-s',
      '5000',
      IPV4.server,
    ]),
  );
});

test('nothing was malformed, unknown or refused by the kernel, and the forwarders end without a sanitizer report', async () => {
  for (const role of ['router', 'agent'] as const) {
    const all = await counters(role);
    for (const name of [
      'malformed',
      'unknownTunnel',
      'wrongInnerAddress',
      'noTunnel',
      'sendErrors',
      'deliverErrors',
    ] as const)
      assert.is(all[FORWARDER_COUNTERS.indexOf(name)], 0, `${role}: ${name}`);
    const status = await forwarders[role]!.stop('SIGTERM');
    assert.is(forwarders[role]!.errors(), '');
    assert.is(status, 0);
  }
});

test.run();
