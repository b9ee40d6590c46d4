// What the executable weighs, and how soon it is on the wire.
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startCapture, tsharkFields } from '../lab/capture.ts';
import { startBroker } from '../lab/demo/broker-process.ts';
import {
  agentConfiguration,
  EXECUTABLE,
  ROOT,
  routerConfiguration,
  startMonami,
  untilAnswering,
  untilRegistered,
} from '../lab/monami.ts';
import { sleep } from '../lab/namespace.ts';
import { addresses, withTopology } from '../lab/topology.ts';

const STARTS = 5;
const SETTLE_MS = 3000;
const BINDING_UPDATE_FILTER = 'mip6.mhtype == 5';

export interface Footprint {
  readonly bundleBytes: number;
  readonly executableBytes: number;
  /** Of the mobile router with three uplinks and MQTT connected, after some seconds. */
  readonly routerResidentBytes: number;
  readonly routerPeakBytes: number;
  /** From just before the process is made to its first Binding Update on the wire: median, and each. */
  readonly startToBindingUpdateMs: number;
  readonly startsMs: readonly number[];
}

function memory(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(status)?.[1] ?? Number.NaN);
}

const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Starts a router several times in a lab of its own. */
export function measureFootprint(directory: string, tell: (line: string) => void): Promise<Footprint> {
  return withTopology(async (topology) => {
    const { namespaces } = topology;
    tell('footprint: start and memory');
    let mqttMessages = 0;
    await startBroker(topology, () => {
      mqttMessages++;
    });
    const agent = startMonami(namespaces.agent, 'agent', directory, agentConfiguration(directory));
    await untilAnswering(agent);
    const mqtt = { host: addresses.server, vehicleId: 'bus', metricsIntervalSeconds: 1 };
    const configuration = { ...routerConfiguration(directory), mqtt };
    const startsMs: number[] = [];
    let residentBytes = Number.NaN;
    let peakBytes = Number.NaN;
    for (let count = 0; count < STARTS; count++) {
      const file = join(directory, `start-${count}.pcap`);
      const capture = await startCapture(namespaces.router, file);
      const startedMs = Date.now();
      const router = startMonami(namespaces.router, 'router', directory, configuration);
      await untilRegistered(router);
      if (count === STARTS - 1) {
        await sleep(SETTLE_MS);
        residentBytes = memory(router.process.pid, 'VmRSS');
        peakBytes = memory(router.process.pid, 'VmHWM');
      }
      await router.process.stop();
      await capture.stop();
      const first = tsharkFields(file, BINDING_UPDATE_FILTER, ['frame.time_epoch'])[0]?.['frame.time_epoch']?.[0];
      startsMs.push(Math.round((Number(first) * 1000 - startedMs) * 10) / 10);
    }
    await agent.process.stop();
    if (mqttMessages === 0) throw new Error('the router never reached the MQTT broker');
    return {
      bundleBytes: statSync(join(ROOT, 'dist/monami.js')).size,
      executableBytes: statSync(EXECUTABLE).size,
      routerResidentBytes: residentBytes,
      routerPeakBytes: peakBytes,
      startToBindingUpdateMs: median(startsMs),
      startsMs,
    };
  });
}
