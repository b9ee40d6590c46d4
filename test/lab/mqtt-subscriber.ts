// Prints what a broker publishes, one JSON object per line: mqtt-subscriber.ts HOST PORT.
import mqtt from 'mqtt';

const [host = '', port = ''] = process.argv.slice(2);
const client = mqtt.connect({ host, port: Number(port), reconnectPeriod: 100, clientId: `subscriber-${process.pid}` });
client.on('connect', () => {
  client.subscribe('monami/#', { qos: 1 }, () => process.stdout.write('{"ready":true}\n'));
});
client.on('message', (topic, payload, { qos, retain }) => {
  process.stdout.write(`${JSON.stringify({ topic, payload: payload.toString(), qos, retain })}\n`);
});
client.on('error', () => {
  // It connects again.
});
