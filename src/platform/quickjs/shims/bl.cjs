// Stands for the package bl, which mqtt-packet's parser calls without arguments, and which is a stream as well.
const { OctetList } = require('./octet-list.ts');
module.exports = () => new OctetList();
