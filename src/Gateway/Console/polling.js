// One question after the other, never two at a time; nothing while nobody looks.

/**
 * Runs a task again and again, with a pause between, while the page is visible.
 * A task that takes long is asked for less often, so that the page is never a load to speak of.
 */
export class Polling {
  #task;
  #pause;
  #timer;
  #running = false;
  #again = false;
  #stopped = true;

  constructor(task, pause) {
    this.#task = task;
    this.#pause = pause;
    document.addEventListener('visibilitychange', () => this.now());
  }

  start() {
    this.#stopped = false;
    this.now();
  }

  stop() {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  /** At once, or where it is just running, once more right after. */
  now() {
    clearTimeout(this.#timer);
    this.#again = this.#running;
    if (!this.#running && !this.#stopped && !document.hidden) this.#run();
  }

  async #run() {
    this.#running = true;
    const start = performance.now();
    try {
      await this.#task();
    } finally {
      this.#running = false;
      const pause = this.#again ? 0 : Math.max(this.#pause, 4 * (performance.now() - start));
      if (!this.#stopped) this.#timer = setTimeout(() => this.now(), Math.min(pause, 10_000));
    }
  }
}
