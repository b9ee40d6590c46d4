// Stands for the package process-nextick-args, which is for engines whose nextTick passes no arguments on.
exports.nextTick = (callback, ...values) => globalThis.process.nextTick(callback, ...values);
