// Stands for readable-stream's entry, which brings pipelines, operators and promises that nothing here uses.
exports.Readable = require('../../../../node_modules/readable-stream/lib/internal/streams/readable.js');
exports.Writable = require('../../../../node_modules/readable-stream/lib/internal/streams/writable.js');
exports.Duplex = require('../../../../node_modules/readable-stream/lib/internal/streams/duplex.js');
exports.Transform = require('../../../../node_modules/readable-stream/lib/internal/streams/transform.js');

// The entry gives the base class what the streams use to turn octets into buffers.
const { Stream } = require('../../../../node_modules/readable-stream/lib/internal/streams/legacy.js');
const { Buffer } = require('buffer');
Stream._isUint8Array = (value) => value instanceof Uint8Array;
Stream._uint8ArrayToBuffer = (octets) => Buffer.from(octets.buffer, octets.byteOffset, octets.byteLength);
