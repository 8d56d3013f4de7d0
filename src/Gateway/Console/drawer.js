import { channelPath, get, getText } from './api.js';
import { byId, el, setText } from './dom.js';
import { count } from './format.js';
import { Messages } from './messages.js';
import { Polling } from './polling.js';
import { Presence } from './presence.js';
import { PublishForm } from './publish.js';

/** One channel, beside the page: what it holds, who is in it, its messages as they come. */
export class Drawer {
  #dialog = byId('channel');
  #polling = new Polling(() => this.#load(), 1_000);
  #channel = '';
  #facts = el('dl', { class: 'facts' });
  #problem = el('p', { class: 'field-problem', role: 'alert' });
  #messages;
  #presence;

  constructor() {
    this.#dialog.addEventListener('close', () => this.#polling.stop());
    // A click beside it.
    this.#dialog.addEventListener('click', (event) => {
      if (event.target === this.#dialog) this.#dialog.close();
    });
  }

  open = (channel) => {
    this.#channel = channel;
    this.#messages = new Messages(channel);
    this.#presence = new Presence(channel);
    this.#facts.replaceChildren();
    setText(this.#problem, '');
    const close = el('button', { class: 'quiet icon-button', type: 'button', 'aria-label': 'Close', onclick: () => this.#dialog.close() }, '✕');
    this.#dialog.replaceChildren(el('div', { class: 'drawer-inner' },
      el('header', {}, el('div', { class: 'drawer-title' }, el('h2', { id: 'channel-name' }, channel), close), this.#facts, this.#problem),
      el('div', { class: 'drawer-body' },
        el('section', { class: 'messages', 'aria-label': 'Messages' }, this.#messages.element),
        el('section', { 'aria-label': 'Presence' }, this.#presence.element),
        el('section', { 'aria-label': 'Publish' }, el('h3', {}, 'Publish to this channel'), new PublishForm(channel).element))));
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#polling.start();
  };

  async #load() {
    const channel = this.#channel;
    try {
      const details = await get(channelPath(channel));
      const isCurrent = () => channel === this.#channel && this.#dialog.open;
      if (!isCurrent()) return;
      this.#draw(details);
      await this.#messages.load(details, (query) => getText(channelPath(channel, `/history?${query}`)));
      if (isCurrent()) await this.#presence.load(details, () => getText(channelPath(channel, '/presence')));
      setText(this.#problem, '');
    } catch (failure) {
      setText(this.#problem, `${failure.message}.`);
    }
  }

  #draw(details) {
    const nodes = details.nodes.map(({ node, subscribers }) => `${node} ${count(subscribers)}`).join(', ');
    const facts = [
      ['Subscribers', count(details.subscribers), nodes],
      ['Users', details.users === undefined ? 'no presence' : count(details.users)],
      ['Last seq', details.seq === undefined ? 'no history' : count(details.seq), details.epoch && `epoch ${details.epoch}`],
      ['Namespace', details.namespace],
    ];
    this.#facts.replaceChildren(...facts.map(([name, value, more]) => el('div', { title: more || null }, el('dt', {}, name), el('dd', {}, value))));
    if (details.missing.length > 0) setText(this.#problem, `No answer from ${details.missing.join(', ')}.`);
  }
}
