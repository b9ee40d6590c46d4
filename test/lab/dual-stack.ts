// monami with IPv4 at both ends, in the lab's Internet: configurations, and sessions of both families across it.
import type { UplinkDocument } from '../../src/telemetry/status-document.ts';
import {
  AUTHENTICATION,
  agentConfiguration,
  type ConfigurationFile,
  type Monami,
  routerConfiguration,
  startMonami,
  untilAnswering,
} from './monami.ts';
import { LabError, PROMPTLY, sleep, until } from './namespace.ts';
import { addresses, ipv4Addresses, other, type Topology } from './topology.ts';
import { effectOf, FAMILIES, nameOf, startBothFamilies, transferFailures } from './traffic/both-families.ts';

/** Little enough that captures stay small. */
const TCP_BYTES_PER_SECOND = 50_000;

const IPV4 = { homeAddress: ipv4Addresses.homeAddress, prefixes: [ipv4Addresses.mobileNetworkPrefix] };
const OTHER = {
  homeAddress: other.homeAddress,
  prefixes: [other.mobileNetworkPrefix],
  ipv4: { homeAddress: other.ipv4.homeAddress, prefixes: [other.ipv4.mobileNetworkPrefix] },
  authentication: { spi: 4712, key: '900150983cd24fb0d6963f7d28e17f72' },
};

/** The mobile router of the topology, with IPv4 for the vehicle. */
export function dualStackRouter(directory: string, extra: ConfigurationFile = {}): ConfigurationFile {
  return routerConfiguration(directory, { homeAgentIpv4Address: ipv4Addresses.homeAgent, ipv4: IPV4, ...extra });
}

/** The other vehicle's router. */
export function otherRouter(directory: string): ConfigurationFile {
  const uplinks = [{ name: 'satellite', interface: 'satellite' }];
  return dualStackRouter(directory, { ...OTHER, board: undefined, uplinks });
}

/** The home agent of the topology, which knows both vehicles; `ipv4` replaces or adds keys of its IPv4 part. */
export function dualStackAgent(
  directory: string,
  ipv4: ConfigurationFile = {},
  extra: ConfigurationFile = {},
): ConfigurationFile {
  const { homeAddress, mobileNetworkPrefix } = addresses;
  return agentConfiguration(directory, {
    ipv4: { address: ipv4Addresses.homeAgent, homePrefixes: [ipv4Addresses.homePrefix], ...ipv4 },
    mobileNodes: [
      { name: 'bus', homeAddress, prefixes: [mobileNetworkPrefix], ipv4: IPV4, authentication: AUTHENTICATION },
      { name: 'tram', ...OTHER },
    ],
    ...extra,
  });
}

/** The names of a router's uplinks that are in use or could be. */
function activeUplinks(router: Monami): string[] {
  const uplinks = router.status()?.mobileRouter?.uplinks ?? [];
  return uplinks.filter(({ state }) => state === 'active').map(({ name }) => name);
}

/** Waits until exactly the named uplinks are registered. */
export async function untilActive(router: Monami, names: readonly string[], patienceMs = 15_000): Promise<void> {
  const wanted = [...names].sort().join();
  await until(`the router has ${wanted || 'no uplink'} registered`, patienceMs, () => {
    const { exitCode } = router.process.child;
    if (exitCode !== null) throw new LabError(`monami ended with status ${exitCode}:\n${router.process.errors()}`);
    return activeUplinks(router).sort().join() === wanted;
  });
}

export function uplinkOf(router: Monami, name: string): UplinkDocument | undefined {
  return router.status()?.mobileRouter?.uplinks.find((uplink) => uplink.name === name);
}

export interface Ends {
  readonly agent: Monami;
  readonly router: Monami;
}

export interface Configurations {
  readonly router?: ConfigurationFile;
  readonly agent?: ConfigurationFile;
}

/** Starts both ends and waits until the named uplinks are registered. */
export async function startEnds(
  { namespaces }: Topology,
  directory: string,
  uplinks: readonly string[],
  configurations: Configurations = {},
): Promise<Ends> {
  const agentFile = configurations.agent ?? dualStackAgent(directory);
  const agent = startMonami(namespaces.agent, 'agent', directory, agentFile, PROMPTLY);
  await untilAnswering(agent);
  const routerFile = configurations.router ?? dualStackRouter(directory);
  const router = startMonami(namespaces.router, 'router', directory, routerFile, PROMPTLY);
  await untilActive(router, uplinks);
  return { agent, router };
}

export async function stopEnds({ agent, router }: Ends): Promise<void> {
  await router.process.stop();
  await agent.process.stop();
}

/** TCP, UDP and pings of both families between the vehicle and the server. */
export interface Sessions {
  /** The longest time without a ping reply or datagram since a moment, in either family. */
  longestGapMs(sinceMs: number): number;
  /** Waits until all have gone on for a while. */
  untilProgress(): Promise<void>;
  /** Ends them; says what did not survive until now, one line each. */
  finish(): Promise<string[]>;
}

const PROOF_MS = 1500;

export async function openSessions(topology: Topology): Promise<Sessions> {
  const traffic = await startBothFamilies(topology, TCP_BYTES_PER_SECOND);
  const { recorders } = traffic;
  await traffic.open(15_000);
  const untilProgress = async () => {
    const fromMs = Date.now();
    await until('all sessions go on', 20_000, () => FAMILIES.every((family) => recorders[family].progressed(fromMs)));
  };
  return {
    longestGapMs(sinceMs) {
      const { gapMs, udpUpGapMs, udpDownGapMs } = effectOf(recorders, sinceMs, Date.now());
      return Math.max(gapMs, udpUpGapMs, udpDownGapMs);
    },
    untilProgress,
    async finish() {
      await untilProgress();
      const fromMs = Date.now();
      await sleep(PROOF_MS);
      const toMs = Date.now();
      await traffic.finish(10_000);
      const streams = FAMILIES.flatMap((family) => {
        const alive = { UDP: recorders[family].udp(fromMs, toMs), ping: recorders[family].ping(fromMs, toMs) };
        return Object.entries(alive)
          .filter(([, { opened, survived }]) => survived < opened)
          .map(([kind, { opened, survived }]) => `${kind} in ${nameOf(family)}: ${survived} of ${opened}`);
      });
      return [...transferFailures(recorders, fromMs), ...streams];
    },
  };
}
