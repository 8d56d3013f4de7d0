/** How long to wait before trying again: a random time up to a bound that doubles with each try ("full jitter"). */
export class Backoff {
  #tries = 0;

  constructor(
    readonly min = 500,
    readonly max = 20_000,
    readonly random: () => number = Math.random,
  ) {}

  /** Milliseconds to wait before the next try. */
  next(): number {
    return this.random() * Math.min(this.max, this.min * 2 ** this.#tries++);
  }

  reset(): void {
    this.#tries = 0;
  }
}
