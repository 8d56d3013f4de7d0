import { attachments } from './attachments.js';
import { el, reconcile } from './dom.js';
import { clock } from './format.js';
import { parse, pretty } from './json.js';

/** Enough to scroll through; history itself is longer. */
const shown = 100;

/** The last messages of a channel, the newest first, and each new one as it comes. */
export class Messages {
  #messages = [];
  #epoch = null;
  #list = el('ol', { class: 'message-list' });
  #empty = el('div', { class: 'empty' });
  #follow = el('input', { type: 'checkbox', checked: true, role: 'switch' });

  element = el('div', {},
    el('div', { class: 'section-head' }, el('h3', {}, 'Messages'), el('label', { class: 'switch' }, this.#follow, el('span', {}, 'Follow'))),
    this.#list, this.#empty);

  /**
   * @param {object} details Of the channel.
   * @param {(query: string) => Promise<string>} read A part of its history.
   */
  async load(details, read) {
    if (details.seq === undefined) {
      this.#drawNone('Nothing is kept', `Set Namespaces:${details.namespace}:History to keep messages of such channels.`);
      return;
    }
    const isNew = details.epoch !== this.#epoch;
    if (!isNew && (!this.#follow.checked || details.seq === this.#last)) return;
    const query = isNew || details.seq - this.#last > shown ? `limit=${shown}` : `after=${this.#last}&limit=${shown}`;
    const page = parse(await read(query));
    const before = query.startsWith('after') ? this.#messages : [];
    this.#epoch = details.epoch;
    this.#messages = [...before, ...page.messages].slice(-shown);
    if (this.#messages.length > 0) this.#draw(isNew);
    else this.#drawNone('No message yet', 'What is published from now on appears here.');
  }

  get #last() {
    return this.#messages.at(-1)?.seq ?? 0;
  }

  #draw(isFirst) {
    this.#empty.replaceChildren();
    const key = ({ seq }) => `${this.#epoch} ${seq}`;
    reconcile(this.#list, [...this.#messages].reverse(), key, (message) => item(message, isFirst), () => {});
  }

  #drawNone(title, text) {
    if (this.#empty.childElementCount > 0 && this.#empty.firstElementChild.textContent === title) return;
    this.#list.replaceChildren();
    this.#empty.replaceChildren(el('p', {}, title), el('p', { class: 'note' }, text));
  }
}

function item({ channel, seq, time, sender, content, attachments: texts }, isFirst) {
  const head = el('div', { class: 'message-head' },
    el('span', { class: 'tag' }, `#${seq}`),
    el('time', { datetime: new Date(time).toISOString(), title: new Date(time).toString() }, clock(time)),
    sender === undefined ? null : el('span', { class: 'sender' }, sender));
  return el('li', { class: isFirst ? null : 'fresh' }, head,
    content === undefined ? null : pretty(content), texts ? attachments(texts, `${channel.replace(/[^\w-]+/g, '-')}-${seq}`) : null);
}
