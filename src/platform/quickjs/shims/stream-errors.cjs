// Stands for readable-stream's errors: the same classes and codes, with shorter sentences.
const SENTENCES = {
  ERR_INVALID_ARG_TYPE: (name, expected) => `${name} must be one of ${expected}`,
  ERR_INVALID_ARG_VALUE: (name, value) => `${name} cannot be ${value}`,
  ERR_METHOD_NOT_IMPLEMENTED: (name) => `The ${name} method is not implemented`,
  ERR_MULTIPLE_CALLBACK: () => 'Callback called multiple times',
  ERR_OUT_OF_RANGE: (name, range, value) => `${name} must be ${range}, is ${value}`,
  ERR_STREAM_ALREADY_FINISHED: (name) => `Cannot call ${name} after a stream was finished`,
  ERR_STREAM_CANNOT_PIPE: () => 'Cannot pipe, not readable',
  ERR_STREAM_DESTROYED: (name) => `Cannot call ${name} after a stream was destroyed`,
  ERR_STREAM_NULL_VALUES: () => 'May not write null values to stream',
  ERR_STREAM_PUSH_AFTER_EOF: () => 'stream.push() after EOF',
  ERR_STREAM_UNSHIFT_AFTER_END_EVENT: () => 'stream.unshift() after end event',
  ERR_STREAM_WRITE_AFTER_END: () => 'write after end',
  ERR_UNKNOWN_ENCODING: (name) => `Unknown encoding: ${name}`,
};
const TYPE_ERRORS = ['ERR_INVALID_ARG_TYPE', 'ERR_INVALID_ARG_VALUE', 'ERR_STREAM_NULL_VALUES', 'ERR_UNKNOWN_ENCODING'];

function errorClass(code, sentence) {
  const Base = TYPE_ERRORS.includes(code) ? TypeError : code === 'ERR_OUT_OF_RANGE' ? RangeError : Error;
  return class extends Base {
    code = code;
    constructor(...values) {
      super(sentence(...values));
    }
  };
}
exports.codes = Object.fromEntries(Object.entries(SENTENCES).map(([code, sentence]) => [code, errorClass(code, sentence)]));

exports.AbortError = class extends Error {
  code = 'ABORT_ERR';
  name = 'AbortError';
  constructor(message = 'The operation was aborted') {
    super(message);
  }
};

exports.aggregateTwoErrors = (inner, outer) =>
  inner && outer && inner !== outer
    ? Object.assign(new AggregateError([outer, inner], outer.message), { code: outer.code })
    : inner || outer;
