import { post } from './api.js';
import { el } from './dom.js';
import { seconds } from './format.js';

let forms = 0;

/** A form that publishes a message and says where it went. */
export class PublishForm {
  #id = `publish-${++forms}`;
  #channel;
  #content = el('textarea', { id: `${this.#id}-content`, rows: 5, spellcheck: 'false', required: true }, '{\n  "text": "hello"\n}');
  #sender = el('input', { id: `${this.#id}-sender`, autocomplete: 'off', spellcheck: 'false', placeholder: 'none' });
  #key = el('input', { id: `${this.#id}-key`, autocomplete: 'off', spellcheck: 'false', placeholder: 'none' });
  #result = el('p', { class: 'result', role: 'status' });
  #button = el('button', { class: 'primary', type: 'submit' }, 'Publish');

  element;

  /** @param {string?} channel Where to; null lets the operator say. */
  constructor(channel = null) {
    this.#channel = el('input', {
      id: `${this.#id}-channel`, required: true, autocomplete: 'off', spellcheck: 'false', placeholder: 'news', value: channel ?? '',
    });
    this.element = el('form', { class: 'publish', onsubmit: (event) => this.#submit(event), onkeydown: (event) => this.#submitByKey(event) },
      channel === null ? field('Channel', this.#channel) : null,
      field('Content, any JSON', this.#content, 'grows'),
      el('details', {}, el('summary', {}, 'Sender and idempotency key'), el('div', { class: 'pair' }, field('Sender', this.#sender), field('Key', this.#key))),
      el('div', { class: 'actions' }, this.#button, el('kbd', { 'aria-hidden': 'true' }, 'Ctrl ↵'), this.#result));
  }

  #submitByKey(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) this.element.requestSubmit();
  }

  async #submit(event) {
    event.preventDefault();
    const content = this.#content.value.trim();
    if (!isJson(content)) {
      this.#tell('bad', 'The content is not JSON.', el('button', { class: 'link', type: 'button', onclick: () => this.#quote() }, 'Make it a JSON string'));
      return;
    }
    this.#button.disabled = true;
    const start = performance.now();
    try {
      const { channel, seq } = await post('publish', this.#body(content));
      const position = seq === undefined ? '' : ` at seq ${seq}`;
      this.#tell('good', `Published to ${channel}${position}, answered in ${seconds((performance.now() - start) / 1000)}.`);
    } catch (failure) {
      this.#tell('bad', `Not published: ${failure.message}.`);
    } finally {
      this.#button.disabled = false;
    }
  }

  /** The content goes out as it stands in the field, and is not written anew. */
  #body(content) {
    const fields = Object.entries({ channel: this.#channel.value, sender: this.#sender.value, key: this.#key.value }).filter(([, value]) => value);
    return `{${fields.map(([name, value]) => `"${name}":${JSON.stringify(value)}`).join(',')},"content":${content}}`;
  }

  #quote() {
    this.#content.value = JSON.stringify(this.#content.value);
    this.#result.replaceChildren();
    this.#button.focus();
  }

  #tell(state, ...parts) {
    this.#result.dataset.state = state;
    this.#result.replaceChildren(...parts.flatMap((part) => [part, ' ']));
  }
}

const field = (name, input, more = '') => el('label', { class: `field ${more}` }, el('span', {}, name), input);

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
