import { describe, expect, it } from 'vitest';
import { Backoff } from '../src/index.js';

const clients = 5000;

/** A random sequence that is the same in every run. */
function seeded(seed: number) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** How many come back in each 100 ms after the node does, and how many that would be if all came evenly over the window. */
function arrivals({
  down,
  window,
  retryAfter = () => 0,
  lostAt = () => 0,
}: {
  down: number;
  window: number;
  retryAfter?: () => number;
  lostAt?: () => number;
}) {
  const random = seeded(1);
  const bins = new Map<number, number>();
  for (let i = 0; i < clients; i++) {
    const backoff = new Backoff(500, 20_000, random);
    let at = lostAt() + retryAfter() + backoff.next();
    while (at < down) at += backoff.next();
    const bin = Math.floor((at - down) / 100);
    bins.set(bin, (bins.get(bin) ?? 0) + 1);
  }
  return {
    peak: Math.max(...bins.values()),
    mean: clients / (window / 100),
    last: Math.max(...bins.keys()) * 100,
    early: [...bins].reduce((sum, [bin, count]) => sum + (bin < window / 200 ? count : 0), 0),
  };
}

/** Of waits one after the other, each as long as it can be, the one within which a moment lies. */
function waitAt(moment: number): number {
  const longest = new Backoff(500, 20_000, () => 1);
  for (let end = 0; ;) {
    const wait = longest.next();
    end += wait;
    if (end > moment) return wait;
  }
}

describe('5,000 clients whose node restarts', () => {
  it('come back evenly where it is drained at once: it gives each client a time of its own, up to 5 s', () => {
    const random = seeded(2);
    const { peak, mean, last } = arrivals({ down: 0, window: 5500, retryAfter: () => random() * 5000 });
    expect(peak).toBeLessThan(2 * mean);
    expect(last).toBeLessThan(5500);
  });

  it('come back evenly where it is drained over 30 s', () => {
    const [random, loss] = [seeded(3), seeded(4)];
    const { peak, mean } = arrivals({
      down: 0,
      window: 35_500,
      retryAfter: () => random() * 5000,
      lostAt: () => loss() * 30_000,
    });
    expect(peak).toBeLessThan(2 * mean);
  });

  it('come back evenly over the first wait where it was killed and is back at once', () => {
    const { peak, mean, last } = arrivals({ down: 0, window: 500 });
    expect(peak).toBeLessThan(2 * mean);
    expect(last).toBeLessThan(500);
  });

  it.each([100, 250, 400, 500, 1000, 2000, 3000, 5000, 7000, 10_000, 15_000])(
    'come no faster than twice what would be even over the wait it is in, where it was killed and is back after %i ms',
    (down) => {
      const { peak, mean } = arrivals({ down, window: waitAt(down) });
      expect(peak).toBeLessThan(2 * mean);
    },
  );

  // All waits are up to 20 s then, 10 s in the mean: so 5,000 knock in any 10 s, and those of the first moment are let in, twice as
  // many as if they came evenly over 20 s. It is never more, but for chance, which is much where 25 is the mean.
  it.each([20_000, 30_000, 60_000, 300_000])(
    'come back within 20 s, three in four of them in the first 10 s, where it was away for %i ms',
    (down) => {
      const { peak, mean, last, early } = arrivals({ down, window: 20_000 });
      expect(peak).toBeLessThan(3 * mean);
      expect(early / clients).toBeCloseTo(0.75, 1);
      expect(last).toBeLessThan(20_000);
    },
  );
});
