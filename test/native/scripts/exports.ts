import * as native from 'monami-native';
import { finish } from './lib.ts';

finish({
  names: Object.keys(native).sort(),
  globals: ['console', 'print', 'std', 'os', 'setTimeout', 'scriptArgs', 'require'].filter(
    (name) => name in globalThis,
  ),
  version: native.version,
  commandLine: native.commandLine,
  littleEndian: native.littleEndian,
});
