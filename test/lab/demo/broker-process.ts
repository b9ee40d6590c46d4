// The embedded MQTT broker as the lab's server runs it.
import { LabError, type LabProcess, start, until } from '../namespace.ts';
import type { Topology } from '../topology.ts';

const BROKER = new URL('./broker.ts', import.meta.url).pathname;

export interface MqttMessage {
  readonly timeMs: number;
  readonly topic: string;
  readonly payload: string;
  readonly retain: boolean;
}

/** Starts the broker; resolves when it listens. `take` gets every message that a client publishes. */
export async function startBroker(topology: Topology, take: (message: MqttMessage) => void): Promise<void> {
  let ready = false;
  const broker: LabProcess = start(topology.namespaces.server, [process.execPath, '--import', 'tsx', BROKER], {
    onLine(line) {
      if (line === 'ready') ready = true;
      else take(JSON.parse(line) as MqttMessage);
    },
  });
  await until('the broker listens', 20_000, () => {
    if (broker.child.exitCode !== null) throw new LabError(broker.errors());
    return ready;
  });
}
