import { el, setText, svg } from './dom.js';
import { areaPath, linePath, pieces, spanOf } from './lines.js';

const [width, height] = [200, 36];

/** One figure, large, with what it did in the last five minutes. */
export class Tile {
  #value = el('b', { class: 'tile-value' });
  #note = el('span', { class: 'note' });
  #line = svg('path', { class: 'line' });
  #area = svg('path', { class: 'area' });

  element;

  constructor(title, color, id) {
    const frame = { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' };
    const spark = svg('svg', { class: `spark series-${color}`, ...frame }, this.#area, this.#line);
    this.element = el('div', { class: 'panel tile', 'data-tile': id }, el('span', { class: 'tile-title' }, title), this.#value, this.#note, spark);
  }

  draw(value, note, times, values, now = Date.now()) {
    setText(this.#value, value);
    setText(this.#note, note);
    const top = Math.max(...values.filter((one) => one !== null), 1e-9) * 1.15;
    const span = spanOf(times, now);
    const found = pieces(times, values, (time) => width - ((now - time) / span) * width, (one) => height - 1 - (one / top) * (height - 3));
    this.#line.setAttribute('d', linePath(found));
    this.#area.setAttribute('d', areaPath(found, height));
  }
}
