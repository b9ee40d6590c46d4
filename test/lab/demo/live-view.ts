// What people see while the demo runs: a picture that redraws itself on a terminal, plain lines elsewhere.
import { UPLINKS } from '../topology.ts';

export interface LiveState {
  readonly elapsedMs: number;
  readonly happening: string;
  /** Octets per second of each uplink. */
  readonly rates: Readonly<Record<string, number>>;
  readonly tcpBytes: number;
  readonly pingsAnswered: number;
  readonly sinceReplyMs: number;
}

export interface LiveView {
  /** News that stays: an event, its outcome, a message. */
  note(line: string): void;
  draw(state: LiveState): void;
  end(): void;
}

const LABELS = { cellular: 'cellular', wifi: 'wifi', satellite: 'satellite, IPv4 and NAT' } as const;
const LABEL_WIDTH = 24;
const BAR_WIDTH = 40;
const FULL_BITS_PER_SECOND = 50e6;
const CLEAR_BELOW = '\u001b[J';
const up = (lines: number) => `\u001b[${lines}A`;

function bar(bitsPerSecond: number): string {
  const filled = Math.min(BAR_WIDTH, Math.round((bitsPerSecond / FULL_BITS_PER_SECOND) * BAR_WIDTH));
  return '█'.repeat(filled) + '·'.repeat(BAR_WIDTH - filled);
}

function picture(state: LiveState): string[] {
  return [
    '',
    `${(state.elapsedMs / 1000).toFixed(1).padStart(6)} s   ${state.happening}`,
    ...UPLINKS.map((name) => {
      const bits = (state.rates[name] ?? 0) * 8;
      return `  ${LABELS[name].padEnd(LABEL_WIDTH)} ${bar(bits)} ${(bits / 1e6).toFixed(1).padStart(6)} Mbit/s`;
    }),
    `  TCP ${(state.tcpBytes / 1e6).toFixed(1)} MB verified · ${state.pingsAnswered} pings answered, ` +
      `the last one ${Math.max(0, state.sinceReplyMs).toFixed(0)} ms ago`,
  ];
}

/** A view for this output: redrawn in place if it is a terminal. */
export function openView(output: NodeJS.WriteStream): LiveView {
  if (!output.isTTY) {
    return {
      note: (line) => output.write(`${line}\n`),
      draw() {},
      end() {},
    };
  }
  let drawn = 0;
  let last: string[] = [];
  const erase = () => (drawn > 0 ? `${up(drawn)}\r${CLEAR_BELOW}` : '');
  const paint = (before: string) => {
    output.write(`${before}${last.map((line) => `${line}\n`).join('')}`);
    drawn = last.length;
  };
  return {
    note(line) {
      paint(`${erase()}${line}\n`);
    },
    draw(state) {
      const before = erase();
      last = picture(state);
      paint(before);
    },
    end() {
      output.write(erase());
      drawn = 0;
      last = [];
    },
  };
}
