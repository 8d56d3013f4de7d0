import type { Ack, Message, Position } from './messages.js';
import type { Outbox } from './outbox.js';

/** Messages that wait behind a hole until it is known what it is; more are recovered again instead of kept. */
const heldLimit = 1_000;

/**
 * @internal The order of one channel's messages: each is told once, and none across a gap. The one hole that is no gap is
 * a message of this client's own that it asked not to hear. Its acknowledgement says where it stands, and may come later
 * than what stands behind it, which waits so long.
 */
export class Sequence {
  /** The last message told, or known not to be heard; undefined where the channel has no history, or nothing is known yet. */
  position: Position | undefined;
  /** Numbers that will not be heard, each with its epoch. */
  readonly #silent = new Map<number, string>();
  /** What came behind a hole, each with the newest of what had been sent until then: nothing sent later can stand before it. */
  #held: { message: Message; until: number }[] = [];
  #gapAt: number | undefined;

  /**
   * @param tell Called with each message, in order.
   * @param gap Called when messages are missing behind the position: what follows it has to be asked for again.
   */
  constructor(
    readonly channel: string,
    position: Position | undefined,
    readonly outbox: Outbox,
    readonly tell: (message: Message) => void,
    readonly gap: () => void,
  ) {
    this.position = position && { ...position };
  }

  /** The subscription begins: at this position, or, recovered, with what follows the position there is. */
  begin(epoch: string | undefined, seq: number, recovered: boolean | undefined): void {
    this.drop();
    if (epoch === undefined) this.position = undefined;
    else {
      this.position = { epoch, seq: recovered ? this.position!.seq : seq };
      this.#advance(this.position.seq);
    }
  }

  add(message: Message): void {
    if (message.seq === undefined || !this.position) this.tell(message);
    else {
      this.#held.push({ message, until: this.outbox.lastSent });
      this.#release();
    }
  }

  /** One of this client's own that it will not hear was taken, or refused. */
  answered({ epoch, seq }: Partial<Ack>): void {
    if (seq !== undefined) this.#silent.set(seq, epoch!);
    if (this.position) this.#advance(this.position.seq);
    this.#release();
  }

  /** What came behind a hole is forgotten: it will come again. */
  drop(): void {
    this.#held = [];
  }

  #release(): void {
    for (let next = this.#held[0]; next; next = this.#held[0]) {
      const { message, until } = next;
      const seq = message.seq!;
      let missing = seq - this.position!.seq - 1;
      if (missing > 0) {
        for (const silent of this.#silent.keys()) if (silent < seq) missing--;
        if (missing > this.outbox.silent(this.channel, until) || this.#held.length > heldLimit) this.#onGap();
        return;
      }
      this.#held.shift();
      if (missing < 0) continue;
      this.#advance(seq);
      this.tell(message);
    }
  }

  /** To that number, and over those behind it that will not be heard. */
  #advance(seq: number): void {
    const position = this.position!;
    for (const [silent, epoch] of this.#silent) {
      if (epoch !== position.epoch || silent <= seq) this.#silent.delete(silent);
    }
    while (this.#silent.delete(seq + 1)) seq++;
    position.seq = seq;
  }

  /** Where asking again has not helped, the position is given up: that is told as a loss, and what comes then is told again. */
  #onGap(): void {
    const { seq } = this.position!;
    if (seq === this.#gapAt) this.position = undefined;
    this.#gapAt = seq;
    this.gap();
  }
}
