// Stands for the package rfdc: MQTT.js copies packets with it, which are plain objects with lists and octets in them.
function clone(value) {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(clone);
  // A Buffer's own slice would be a view.
  if (ArrayBuffer.isView(value)) return Uint8Array.prototype.slice.call(value);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, clone(inner)]));
}
module.exports = clone;
