// An MQTT broker on the lab's server; tells every message as one JSON line.
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

const MQTT_PORT = 1883;

const broker = await Aedes.createBroker();
broker.on('publish', (packet, client) => {
  // Without a client it is the broker's own news.
  if (!client) return;
  const message = {
    timeMs: Date.now(),
    topic: packet.topic,
    payload: packet.payload.toString(),
    retain: packet.retain,
  };
  process.stdout.write(`${JSON.stringify(message)}\n`);
});
createServer(broker.handle).listen(MQTT_PORT, '::', () => process.stdout.write('ready\n'));
