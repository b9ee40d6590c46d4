// Stands for MQTT.js's choice of timers, with those of globals.ts: its others are for browsers.
Object.defineProperty(exports, '__esModule', { value: true });
exports.default = () => ({ set: setInterval, clear: clearInterval });
