import { el } from './dom.js';
import { bytes } from './format.js';

/** How files begin that people send, so that what is saved can be opened. */
const kinds = { iVBORw0KGgo: 'png', '/9j/': 'jpg', R0lGOD: 'gif', UklGR: 'webp', JVBERi0: 'pdf' };

/**
 * The attachments of a message, each by its size; a click saves one. They stay base64 until then, and are never shown.
 * @param {string[]} texts Base64.
 * @param {string} name Of the files, before their number.
 */
export const attachments = (texts, name) => el('ul', { class: 'attachments', 'aria-label': 'Attachments' }, ...texts.map((text, place) => {
  const file = `${name}-${place + 1}.${kindOf(text)}`;
  return el('li', {}, el('button', { class: 'link', type: 'button', title: `Save as ${file}`, onclick: () => save(text, file) }, bytes(sizeOf(text))));
}));

const sizeOf = (text) => (text.length / 4) * 3 - (text.length - text.replace(/=+$/, '').length);

const kindOf = (text) => kinds[Object.keys(kinds).find((start) => text.startsWith(start))] ?? 'bin';

function save(text, file) {
  const blob = new Blob([Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))], { type: 'application/octet-stream' });
  const address = URL.createObjectURL(blob);
  el('a', { href: address, download: file }).click();
  // The browser has begun to read by then.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
