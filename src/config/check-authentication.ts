import { formatHex, parseHex } from '../bytes/hex.ts';
import { Secret } from '../bytes/secret.ts';
import type { AuthenticationDocument, ConfigurationDocument } from './document.ts';
import type { Files } from './files.ts';
import { type Problems, shown } from './problems.ts';

/** RFC 4285 §5.1: arbitrary octets, 16 of them. */
const KEY_OCTETS = 16;
const KEY_DIGITS = new RegExp(`^[0-9a-fA-F]{${2 * KEY_OCTETS}}$`);
const WORDS = '{"spi": …, "key": … or "keyFile": …} or "none"';
const READABLE_BY_OTHERS = 0o004;

const EVERYBODY = 'whoever can send packets here can register these home addresses and take over their traffic';

/** The keys that a configuration holds or names, by the path of their `authentication`. */
export type Keys = ReadonlyMap<string, Secret>;

/** Every home and every mobile node needs a key, or has to say `"none"`. */
export function checkAuthentication(document: ConfigurationDocument, files: Files, problems: Problems): Keys {
  const { mobileRouter, homeAgent } = document;
  const keys = new Map<string, Secret>();
  const check = (authentication: AuthenticationDocument | 'none' | undefined, path: string) => {
    const key = checkOne(authentication, path, files, problems);
    if (key) keys.set(path, key);
  };
  if (mobileRouter?.homes === undefined) {
    if (mobileRouter) check(mobileRouter.authentication, 'mobileRouter.authentication');
  } else if (mobileRouter.authentication !== undefined) {
    problems.add('mobileRouter.authentication', 'must stand in the homes, where mobileRouter.homes is given');
  }
  for (const [index, home] of (mobileRouter?.homes ?? []).entries())
    if (home) check(home.authentication, `mobileRouter.homes[${index}].authentication`);
  if (homeAgent?.authentication === 'none') problems.warn('homeAgent.authentication', `is "none": ${EVERYBODY}`);
  for (const [index, node] of (homeAgent?.mobileNodes ?? []).entries())
    if (node) check(node.authentication ?? homeAgent?.authentication, nodePath(index));
  refuseSharedKeys(keys, problems);
  return keys;
}

/** Where a mobile node's key stands. */
export function nodePath(index: number): string {
  return `homeAgent.mobileNodes[${index}].authentication`;
}

/** Reads a key, which no message ever shows, nor what was meant to be one. */
function checkOne(
  authentication: AuthenticationDocument | 'none' | undefined,
  path: string,
  files: Files,
  problems: Problems,
): Secret | undefined {
  if (problems.has(path)) return undefined;
  if (authentication === undefined) {
    problems.add(path, `must be ${WORDS}, is missing`);
    return undefined;
  }
  if (authentication === 'none') {
    if (!problems.warnings().some((warning) => warning.path === 'homeAgent.authentication'))
      problems.warn(path, `is "none": ${EVERYBODY}`);
    return undefined;
  }
  if (authentication.prefixDiscovery)
    problems.warn(
      `${path}.prefixDiscovery`,
      'is true: no key protects what is said about the prefixes of the home link',
    );
  const { key, keyFile } = authentication;
  const given = (name: 'key' | 'keyFile') => authentication[name] !== undefined || problems.has(`${path}.${name}`);
  if (given('key') && given('keyFile')) problems.add(path, 'must have key or keyFile, has both');
  else if (!given('key') && !given('keyFile')) problems.add(path, 'must have key or keyFile, has neither');
  else if (keyFile !== undefined) return readKey(keyFile, `${path}.keyFile`, files, problems);
  else if (key !== undefined) return new Secret(parseHex(key)!);
  return undefined;
}

/** Who has a key can register its home address: one for two vehicles protects neither (RFC 6275 §5.1). */
function refuseSharedKeys(keys: Keys, problems: Problems): void {
  const owners = new Map<string, string>();
  for (const [path, key] of keys) {
    if (!path.startsWith('homeAgent.')) continue;
    const digits = formatHex(key.reveal());
    const owner = owners.get(digits);
    if (owner !== undefined) problems.add(path, `must have a key of its own, has that of ${owner}`);
    else owners.set(digits, path);
  }
}

function readKey(file: string, path: string, files: Files, problems: Problems): Secret | undefined {
  const found = files.read(file);
  if (found.text === undefined) {
    problems.add(path, `must be a file that can be read: ${found.problem}, is ${shown(file)}`);
    return undefined;
  }
  const digits = found.text.trim();
  if (!KEY_DIGITS.test(digits)) {
    problems.add(path, `must be a file with ${2 * KEY_OCTETS} hex digits and nothing else, is ${shown(file)}`);
    return undefined;
  }
  if (((found.mode ?? 0) & READABLE_BY_OTHERS) !== 0)
    problems.warn(path, `${file} can be read by everybody: chmod 600 ${file}`);
  return new Secret(parseHex(digits)!);
}
