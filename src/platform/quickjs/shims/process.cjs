// Stands for the package process: what globals.ts has installed.
module.exports = globalThis.process;
