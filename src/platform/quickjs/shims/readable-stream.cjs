// Stands for readable-stream's entry, which brings pipelines, operators and promises that nothing here uses.
exports.Readable = require('../../../../node_modules/readable-stream/lib/internal/streams/readable.js');
exports.Writable = require('../../../../node_modules/readable-stream/lib/internal/streams/writable.js');
exports.Duplex = require('../../../../node_modules/readable-stream/lib/internal/streams/duplex.js');
exports.Transform = require('../../../../node_modules/readable-stream/lib/internal/streams/transform.js');
