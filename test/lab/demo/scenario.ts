// What happens to the vehicle's router during the demo, and how much of it its passengers may notice.
import type { Topology, Uplink } from '../topology.ts';

/** The handles that events turn. */
export interface Stage {
  readonly topology: Topology;
  /** The uplink that carries the traffic at this moment. */
  busiestUplink(): Uplink;
  /** Takes the link from every uplink but this one; `restoreOthers` gives it back. */
  leaveOnly(uplink: Uplink): void;
  restoreOthers(uplink: Uplink): void;
  /** Ends the router's daemon with SIGKILL and starts it again after `pauseMs`. */
  killRouter(pauseMs: number): Promise<void>;
}

export interface Step {
  readonly name: string;
  /** For people; `%` becomes the uplink that it happens to. */
  readonly title: string;
  readonly durationMs: number;
  readonly fastDurationMs: number;
  /** The longest gap allowed; null where only survival counts. */
  readonly limitMs: number | null;
  /** Left alone by this step. */
  readonly onlyUplink?: Uplink;
  /** Makes it happen; says to which uplink. `previous` is the uplink of the step before. */
  act(stage: Stage, previous: Uplink | null): Promise<Uplink | null> | Uplink | null;
}

const LINK_LIMIT_MS = 100;
const SILENCE_LIMIT_MS = 3000;
const KILL_PAUSE_MS = 300;

export const STEPS: readonly Step[] = [
  {
    name: 'link-down',
    title: '% loses its link',
    durationMs: 7000,
    fastDurationMs: 2500,
    limitMs: LINK_LIMIT_MS,
    act({ topology, busiestUplink }) {
      const uplink = busiestUplink();
      topology.carrierLost(uplink);
      return uplink;
    },
  },
  {
    name: 'link-up',
    title: '% is back',
    durationMs: 4000,
    fastDurationMs: 1500,
    limitMs: LINK_LIMIT_MS,
    act({ topology }, previous) {
      if (previous) topology.linkUp(previous);
      return previous;
    },
  },
  {
    name: 'device-gone',
    title: '% is pulled out of the router',
    durationMs: 7000,
    fastDurationMs: 2500,
    limitMs: LINK_LIMIT_MS,
    act({ topology, busiestUplink }) {
      const uplink = busiestUplink();
      topology.deviceDown(uplink);
      return uplink;
    },
  },
  {
    name: 'device-back',
    title: '% is plugged in again',
    durationMs: 4000,
    fastDurationMs: 1500,
    limitMs: LINK_LIMIT_MS,
    act({ topology }, previous) {
      if (previous) topology.linkUp(previous);
      return previous;
    },
  },
  {
    name: 'silent-death',
    title: '% dies silently',
    durationMs: 10_000,
    fastDurationMs: 4500,
    limitMs: SILENCE_LIMIT_MS,
    act({ topology, busiestUplink }) {
      const uplink = busiestUplink();
      topology.silence(uplink);
      return uplink;
    },
  },
  {
    name: 'healed',
    title: '% carries packets again',
    durationMs: 5000,
    fastDurationMs: 1500,
    limitMs: LINK_LIMIT_MS,
    act({ topology }, previous) {
      if (previous) topology.heal(previous);
      return previous;
    },
  },
  {
    name: 'satellite-alone',
    title: 'all but % lose their links: IPv4 behind a NAT carries everything',
    durationMs: 6000,
    fastDurationMs: 2500,
    limitMs: LINK_LIMIT_MS,
    onlyUplink: 'satellite',
    act({ leaveOnly }) {
      leaveOnly('satellite');
      return 'satellite';
    },
  },
  {
    name: 'others-back',
    title: 'the others are back beside %',
    durationMs: 4000,
    fastDurationMs: 1500,
    limitMs: LINK_LIMIT_MS,
    act({ restoreOthers }) {
      restoreOthers('satellite');
      return 'satellite';
    },
  },
  {
    name: 'router-killed',
    title: 'the router is killed and starts again',
    durationMs: 9000,
    fastDurationMs: 4000,
    limitMs: null,
    async act({ killRouter }) {
      await killRouter(KILL_PAUSE_MS);
      return null;
    },
  },
  {
    name: 'steady',
    title: 'nothing happens any more',
    durationMs: 4000,
    fastDurationMs: 1500,
    limitMs: LINK_LIMIT_MS,
    act: () => null,
  },
];
