/** What `monami --help` says. */
export const HELP = `monami keeps a moving network online over several uplinks (Mobile IPv6, NEMO, multiple care-of addresses).

usage: monami run --config FILE          run as the mobile router or home agent that FILE describes
       monami check FILE                 check a configuration; says every problem, touches nothing
       monami status [--json]            what the running monami does (--socket PATH if not the default)
       monami decode [--all] [FILE|HEX]  explain captured signalling (pcap or hex, - or nothing: standard input)
       monami version

The socket's default is /run/monami.sock. Exit status: 0 done, 1 failed, 2 wrong usage or configuration.
`;

/** What an argument list says, or what is wrong with it. */
export type Command =
  | { readonly command: 'run'; readonly config: string }
  | { readonly command: 'check'; readonly config: string }
  | { readonly command: 'status'; readonly json: boolean; readonly socketPath: string }
  | { readonly command: 'decode'; readonly source: string; readonly all: boolean }
  | { readonly command: 'version' }
  | { readonly command: 'help' }
  | { readonly command: 'misused'; readonly problem: string };

const DEFAULT_SOCKET_PATH = '/run/monami.sock';

/** Reads the words of the command line. */
export function parseCommand(words: readonly string[]): Command {
  const [name, ...rest] = words;
  if (name === undefined) return misused('a command is missing');
  if (['--help', '-h', 'help'].includes(name) || rest.includes('--help')) return { command: 'help' };
  if (['--version', 'version'].includes(name)) return { command: 'version' };
  const valued = { '--config': 'a file', '--socket': 'a path' } as const;
  const options = new Map<string, string>();
  const plain: string[] = [];
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at]!;
    if (word in valued) {
      const value = rest[++at];
      if (value === undefined) return misused(`${word} needs ${valued[word as keyof typeof valued]}`);
      options.set(word, value);
    } else if (word.startsWith('-') && word !== '-') options.set(word, '');
    else plain.push(word);
  }
  const allowed = { run: ['--config'], check: [], status: ['--json', '--socket'], decode: ['--all'] }[name];
  if (!allowed) return misused(`there is no command '${name}'`);
  for (const option of options.keys()) {
    if (!(allowed as readonly string[]).includes(option)) return misused(`${name} has no option ${option}`);
  }
  return complete(name as 'run' | 'check' | 'status' | 'decode', options, plain);
}

function complete(
  command: 'run' | 'check' | 'status' | 'decode',
  options: ReadonlyMap<string, string>,
  plain: readonly string[],
): Command {
  const [first, ...others] = plain;
  const most = command === 'check' || command === 'decode' ? 1 : 0;
  if (plain.length > most && command !== 'decode') return misused(`${command} does not take '${plain[most]}'`);
  switch (command) {
    case 'run': {
      const config = options.get('--config');
      return config === undefined ? misused('run needs --config FILE') : { command, config };
    }
    case 'check':
      return first === undefined ? misused('check needs a FILE') : { command, config: first };
    case 'status':
      return { command, json: options.has('--json'), socketPath: options.get('--socket') ?? DEFAULT_SOCKET_PATH };
    case 'decode':
      return { command, source: [first ?? '-', ...others].join(' '), all: options.has('--all') };
  }
}

function misused(problem: string): Command {
  return { command: 'misused', problem };
}
