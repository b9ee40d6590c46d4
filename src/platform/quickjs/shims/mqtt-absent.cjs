// Stands for parts of MQTT.js that only MQTT 5 has, topic aliases and AUTH packets, which mqtt-packet refuses in MQTT 3.1.1
// before they get here. A call says so.
Object.defineProperty(exports, '__esModule', { value: true });
exports.default = function absent() {
  throw new Error('this part of MQTT.js is not in the bundle');
};
