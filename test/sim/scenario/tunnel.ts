import { CLEAN } from '../channel.ts';
import { always, type CellVisit } from '../coverage.ts';
import type { Scenario } from '../plan.ts';
import type { Random } from '../random.ts';
import { MINUTE_MS, ordinaryVehicle, PLAIN_WORLD, radio, SECOND_MS, SHIFT_MS } from './parts.ts';

export const scenario: Scenario = {
  name: 'tunnel',
  sentence: 'A train passes tunnels in which its links stay up and nothing gets through, at times on one link alone.',
  plan(random) {
    const tunnels: { readonly fromMs: number; readonly toMs: number }[] = [];
    for (let atMs = 0; atMs < SHIFT_MS; ) {
      const fromMs = atMs + 20 * SECOND_MS + random.exponential(8 * MINUTE_MS);
      const toMs = fromMs + random.exponential(60 * SECOND_MS);
      tunnels.push({ fromMs, toMs });
      atMs = toMs;
    }
    const visits = () => throughTunnels(random, tunnels);
    return {
      ...PLAIN_WORLD,
      durationMs: SHIFT_MS,
      carriers: [
        { name: 'carrier A', addressing: 'fixed', backhaul: CLEAN },
        { name: 'carrier B', addressing: 'fixed', backhaul: CLEAN },
      ],
      vehicles: [
        ordinaryVehicle(random, [
          { name: 'cellular-a', carrier: 0, visits: visits() },
          { name: 'cellular-b', carrier: 1, visits: visits() },
        ]),
      ],
    };
  },
};

/** Each carrier has its leaky cable in some of the tunnels, and is lost a little earlier or later than the other. */
function throughTunnels(
  random: Random,
  tunnels: readonly { readonly fromMs: number; readonly toMs: number }[],
): CellVisit[] {
  const [visit] = always(radio(random));
  const deaf = tunnels.flatMap(({ fromMs, toMs }) =>
    random.chance(0.25) ? [] : { fromMs: fromMs + random.uniform(0, 3000), toMs: toMs + random.uniform(3000, 6000) },
  );
  return [{ ...visit!, deaf }];
}
