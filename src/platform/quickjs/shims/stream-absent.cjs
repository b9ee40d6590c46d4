// Stands for parts of readable-stream that the streams reach only by calls that neither MQTT.js nor this project makes:
// async iteration (end-of-stream, validators), Readable.from, Duplex.from, setEncoding and the option encoding
// (string_decoder), the option signal (add-abort-signal), destroyer and setDefaultHighWaterMark. A call says so.
function absent() {
  throw new Error('this part of the streams is not in the bundle');
}
module.exports = Object.assign(absent, {
  StringDecoder: absent,
  addAbortSignal: absent,
  isDestroyed: absent,
  isFinished: absent,
  isServerRequest: absent,
  kIsDestroyed: Symbol('kIsDestroyed'),
  validateInteger: absent,
  validateObject: absent,
});
