// What carries packets between left and right: monami, and whom it is compared with.
import { spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { connect } from 'node:net';
import { join } from 'node:path';
import { agentConfiguration, routerConfiguration, startMonami } from '../lab/monami.ts';
import { ipBatch, type LabProcess, start, until } from '../lab/namespace.ts';
import { addresses } from '../lab/topology.ts';
import { type Line, lineAddresses } from './line.ts';

export interface Peer {
  readonly name: string;
  /** False where it is not installed. */
  available(): boolean;
  /** Makes the client reach the server; returns what must be stopped. */
  connect(line: Line, directory: string): Promise<LabProcess[]>;
}

const installed = (program: string) => spawnSync('sh', ['-c', 'command -v "$0"', program]).status === 0;
const PATIENCE_MS = 10_000;
const OPENVPN_PORT = 1194;
const WIREGUARD_PORTS = { left: 51820, right: 51821 } as const;
/** Link between the tunnel's ends, for peers that want one. */
const TUNNEL = { left: '2001:db8:7::1', right: '2001:db8:7::2' } as const;

function deviceExists(namespace: string, device: string): boolean {
  return spawnSync('ip', ['-n', namespace, 'link', 'show', device]).status === 0;
}

/** Sends the client's traffic into a device on both sides. */
function routeInto(line: Line, device: string): void {
  const { left, right } = line.namespaces;
  ipBatch([`link set ${device} up`, `route add 2001:db8:5::/64 dev ${device}`], left);
  ipBatch([`link set ${device} up`, `route add ${addresses.mobileNetworkPrefix} dev ${device}`], right);
}

const raw: Peer = {
  name: 'raw',
  available: () => true,
  async connect(line) {
    line.routePlainly();
    return [];
  },
};

const monami: Peer = {
  name: 'monami',
  available: () => true,
  async connect({ namespaces }, directory) {
    const agent = startMonami(namespaces.right, 'agent', directory, agentConfiguration(directory));
    const uplinks = [{ name: 'wan', interface: 'wan' }];
    const configuration = routerConfiguration(directory, { board: undefined, uplinks });
    const router = startMonami(namespaces.left, 'router', directory, configuration);
    await until('monami has registered', PATIENCE_MS, () => (agent.status()?.homeAgent?.bindings.length ?? 0) > 0);
    return [router.process, agent.process];
  },
};

interface KeyPair {
  readonly own: string;
  readonly open: string;
}

/** A WireGuard key pair in the hex of its configuration protocol: the last 32 octets of either DER form. */
function wireguardKeys(): KeyPair {
  const pair = generateKeyPairSync('x25519');
  const own = pair.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-32).toString('hex');
  const open = pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('hex');
  return { own, open };
}

/** Speaks WireGuard's cross-platform configuration protocol: a set operation must answer `errno=0`. */
function configureWireguard(device: string, lines: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(join('/var/run/wireguard', `${device}.sock`));
    socket.on('error', reject);
    socket.on('data', (answer) => {
      socket.end();
      if (answer.toString().startsWith('errno=0')) resolve();
      else reject(new Error(`wireguard-go: ${answer}`));
    });
    socket.write(`set=1\n${lines.join('\n')}\n\n`);
  });
}

const wireguardGo: Peer = {
  name: 'wireguard-go',
  available: () => installed('wireguard-go'),
  async connect(line) {
    const keys = { left: wireguardKeys(), right: wireguardKeys() };
    const processes: LabProcess[] = [];
    for (const side of ['left', 'right'] as const) {
      const other = side === 'left' ? 'right' : 'left';
      // Sockets of the configuration protocol lie side by side in one directory.
      const device = `wg-${process.pid % 100_000}-${side[0]}`;
      const namespace = line.namespaces[side];
      processes.push(start(namespace, ['wireguard-go', '--foreground', device]));
      await until(`wireguard-go makes ${device}`, PATIENCE_MS, () => deviceExists(namespace, device));
      await configureWireguard(device, [
        `private_key=${keys[side].own}`,
        `listen_port=${WIREGUARD_PORTS[side]}`,
        `public_key=${keys[other].open}`,
        `endpoint=[${lineAddresses[other]}]:${WIREGUARD_PORTS[other]}`,
        'allowed_ip=::/0',
      ]);
      ipBatch([`link set ${device} name tunnel`], namespace);
    }
    routeInto(line, 'tunnel');
    return processes;
  },
};

const openvpn: Peer = {
  name: 'openvpn',
  available: () => installed('openvpn'),
  async connect(line) {
    const processes = (['left', 'right'] as const).map((side) => {
      const other = side === 'left' ? 'right' : 'left';
      return start(line.namespaces[side], [
        'openvpn',
        ...['--dev', 'tunnel', '--dev-type', 'tun', '--proto', 'udp6', '--port', String(OPENVPN_PORT)],
        ...['--remote', lineAddresses[other], '--ifconfig-ipv6', `${TUNNEL[side]}/64`, TUNNEL[other]],
        ...['--cipher', 'none', '--auth', 'none', '--tun-mtu', '1400', '--fast-io'],
        ...['--sndbuf', '1048576', '--rcvbuf', '1048576', '--txqueuelen', '1000'],
      ]);
    });
    for (const side of ['left', 'right'] as const) {
      await until('OpenVPN makes its device', PATIENCE_MS, () => deviceExists(line.namespaces[side], 'tunnel'));
    }
    routeInto(line, 'tunnel');
    return processes;
  },
};

export const PEERS: readonly Peer[] = [raw, monami, wireguardGo, openvpn];
