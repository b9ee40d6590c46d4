// Stands for MQTT.js's search for a browser around it.
Object.defineProperty(exports, '__esModule', { value: true });
exports.default = false;
exports.isWebWorker = false;
