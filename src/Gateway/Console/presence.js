import { el, reconcile } from './dom.js';
import { count } from './format.js';
import { parse, pretty } from './json.js';

/** As many as fit a list that is looked at. */
const shown = 200;

/** Who is in a channel. */
export class Presence {
  #title = el('h3', {}, 'Presence');
  #list = el('ul', { class: 'users' });
  #note = el('p', { class: 'note' });

  element = el('div', {}, el('div', { class: 'section-head' }, this.#title), this.#list, this.#note);

  /**
   * @param {object} details Of the channel.
   * @param {() => Promise<string>} read Its presence.
   */
  async load(details, read) {
    if (details.users === undefined) {
      this.#draw([], {}, `Nobody is listed: set Namespaces:${details.namespace}:Presence to know who is in such channels.`);
      return;
    }
    const { users = [], info = {}, count: all } = parse(await read());
    const left = all - Math.min(users.length, shown);
    this.#draw(users.slice(0, shown), info, all === 0 ? 'Nobody is here.' : left > 0 ? `and ${count(left)} more` : '');
  }

  #draw(users, info, note) {
    reconcile(this.#list, users, (user) => user, (user) => item(user, Object.hasOwn(info, user) ? info[user] : undefined), () => {});
    this.#note.textContent = note;
  }
}

const item = (user, info) => (info === undefined
  ? el('li', {}, el('span', { class: 'user' }, user))
  : el('li', {}, el('details', {}, el('summary', { class: 'user' }, user), pretty(info))));
