import { get } from './api.js';
import { byId, el, reconcile, setText } from './dom.js';
import { count } from './format.js';
import { Polling } from './polling.js';

const pageSize = 10;

/** Longer than a key takes to be followed by the next. */
const typing = 200;

/** The list of channels: a page of those whose name begins with something. */
export class Channels {
  #open;
  #prefix = byId('prefix');
  #back = byId('channels-back');
  #next = byId('channels-next');
  #empty = byId('channels-empty');
  /** After which name each page up to this one begins. */
  #pages = [''];
  #last = '';
  #timer;
  #polling = new Polling(() => this.#load(), 2_000);

  /** @param {(channel: string) => void} open */
  constructor(open) {
    this.#open = open;
    this.#prefix.addEventListener('input', () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#turn(['']), typing);
    });
    this.#prefix.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && this.#prefix.value) open(this.#prefix.value);
    });
    this.#back.addEventListener('click', () => this.#turn(this.#pages.slice(0, -1)));
    this.#next.addEventListener('click', () => this.#turn([...this.#pages, this.#last]));
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || event.target.closest('input, textarea, select, dialog')) return;
      event.preventDefault();
      this.#prefix.focus();
    });
  }

  start = () => this.#polling.start();

  stop = () => this.#polling.stop();

  #turn(pages) {
    this.#pages = pages;
    this.#polling.now();
  }

  async #load() {
    const [prefix, after] = [this.#prefix.value, this.#pages.at(-1)];
    const query = new URLSearchParams({ prefix, after, limit: pageSize });
    try {
      const reply = await get(`channels?${query}`);
      // Otherwise something else has been asked for meanwhile.
      if (prefix === this.#prefix.value && after === this.#pages.at(-1)) this.#draw(reply, prefix);
    } catch {
      // The page's own polling tells that the gateway is away, and asks for a key.
    }
  }

  #draw({ channels, more, missing }, prefix) {
    this.#last = channels.at(-1)?.channel ?? '';
    this.#back.disabled = this.#pages.length === 1;
    this.#next.disabled = !more;
    const most = Math.max(1, ...channels.map(({ subscribers }) => subscribers));
    reconcile(byId('channels'), channels, ({ channel }) => channel, ({ channel }) => this.#row(channel), (row, { subscribers }) => {
      setText(row.querySelector('.figure'), count(subscribers));
      row.querySelector('.share').style.width = `${Math.max(2, (100 * subscribers) / most)}%`;
    });
    const page = more || this.#pages.length > 1 ? `Page ${this.#pages.length}` : `${channels.length} ${channels.length === 1 ? 'channel' : 'channels'}`;
    setText(byId('channels-note'), missing.length === 0 ? page : `${page}, without those of ${missing.join(', ')}`);
    this.#drawEmpty(channels.length === 0, prefix);
  }

  #drawEmpty(isEmpty, prefix) {
    this.#empty.hidden = !isEmpty;
    if (!isEmpty || this.#empty.dataset.prefix === prefix) return;
    this.#empty.dataset.prefix = prefix;
    this.#empty.replaceChildren(...(prefix
      ? [el('p', {}, 'Nobody is subscribed to a channel that begins like this.'),
        el('button', { type: 'button', onclick: () => this.#open(prefix) }, 'Open it anyway')]
      : [el('p', {}, 'No channel has subscribers yet.'), el('p', { class: 'note' }, 'They appear here as soon as somebody subscribes.')]));
  }

  #row(channel) {
    const open = () => this.#open(channel);
    return el('tr', { class: 'clickable', onclick: open },
      el('th', { scope: 'row' }, el('button', { class: 'link name', type: 'button' }, channel)),
      el('td', {}, el('div', { class: 'share-cell' }, el('span', { class: 'whole' }, el('i', { class: 'share' })), el('span', { class: 'figure' }))));
  }
}
