import type { PresenceMessage, SubscribedMessage, UserInfo } from './messages.js';

/** Who is in a channel. */
export interface Presence {
  /** User ids in the order they came; undefined where the channel is so full that only their number is told. */
  users?: string[];
  info: UserInfo;
  count: number;
}

/** @internal Applies snapshots and changes. A change may repeat what a snapshot already held. */
export class PresenceSet {
  #users: Set<string> | undefined;
  #info: UserInfo = {};
  #count = 0;

  get value(): Presence {
    return { users: this.#users && [...this.#users], info: { ...this.#info }, count: this.#count };
  }

  apply(message: SubscribedMessage | PresenceMessage): void {
    const { joined, left } = message as PresenceMessage;
    this.#count = message.count!;
    if (message.users) {
      this.#users = new Set(message.users);
      this.#info = { ...message.info };
    } else if (joined || left) {
      for (const user of joined ?? []) this.#users?.add(user);
      Object.assign(this.#info, message.info);
      for (const user of left ?? []) {
        this.#users?.delete(user);
        delete this.#info[user];
      }
    } else {
      this.#users = undefined;
      this.#info = {};
    }
  }
}
