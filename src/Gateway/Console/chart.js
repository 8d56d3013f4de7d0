import { el, setText, svg } from './dom.js';
import { areaPath, linePath, niceTop, pieces, spanOf } from './lines.js';

const height = 184;
const margin = { top: 10, right: 10, bottom: 22, left: 66 };

/** From zero up, evenly spaced. */
export const evenScale = (values) => upTo(niceTop(Math.max(2, ...values)));

/** The same for bytes, whose round numbers are powers of two. */
export const byteScale = (values) => upTo(2 ** Math.ceil(Math.log2(Math.max(1024, ...values))));

/** For what differs by powers of ten, such as times: from the power below the least to the one above the largest. */
export function powerScale(values) {
  const known = values.filter((value) => value > 0);
  const low = Math.floor(Math.log10(Math.min(0.001, ...known)));
  const high = Math.max(low + 2, Math.ceil(Math.log10(Math.max(0.001, ...known))));
  const ticks = Array.from({ length: high - low + 1 }, (_, step) => 10 ** (low + step));
  return { ticks, place: (value) => (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low) };
}

/** A chart of the last five minutes, drawn anew for each second; the legend has the newest values, or those below the pointer. */
export class Chart {
  #lines;
  #format;
  #scale;
  #width = 600;
  #plot = svg('g');
  #grid = svg('g', { class: 'grid' });
  #cursor = svg('line', { class: 'cursor', y1: margin.top, y2: height - margin.bottom, visibility: 'hidden' });
  #drawing = svg('svg', { class: 'plot', height, role: 'img' }, this.#grid, this.#plot, this.#cursor);
  #when = el('span', { class: 'note' });
  #data = { times: [], series: [] };
  #pointer = null;

  element;

  /** @param {{name: string, color: number, area?: boolean}[]} lines */
  constructor(title, lines, { format, scale = evenScale }) {
    this.#format = format;
    this.#scale = scale;
    this.#lines = lines.map((line) => this.#line(line));
    const legend = el('ul', { class: 'legend' }, ...this.#lines.map((line) => line.entry));
    this.#drawing.setAttribute('aria-label', `${title}: ${lines.map(({ name }) => name).join(', ')}`);
    this.element = el('figure', { class: 'panel chart' },
      el('figcaption', {}, el('div', { class: 'panel-head' }, el('h2', {}, title), this.#when), legend), this.#drawing);
    new ResizeObserver(([entry]) => {
      this.#width = Math.max(200, entry.contentRect.width);
      this.#render();
    }).observe(this.#drawing);
    this.#drawing.addEventListener('pointermove', (event) => this.#point(event.offsetX));
    this.#drawing.addEventListener('pointerleave', () => this.#point(null));
  }

  /** @param {(number|null)[][]} series In the order of the lines. */
  draw(times, series, now = Date.now()) {
    this.#data = { times, series, now };
    this.#render();
  }

  #line({ name, color, area }) {
    const value = el('b');
    const entry = el('li', { class: `series-${color}` }, el('i'), el('span', {}, name), value);
    const path = svg('path', { class: `line series-${color}` });
    const fill = area ? svg('path', { class: `area series-${color}` }) : null;
    if (fill) this.#plot.prepend(fill);
    this.#plot.append(path);
    return { entry, value, path, fill };
  }

  #render() {
    const { times, series, now = Date.now() } = this.#data;
    const [left, right, bottom] = [margin.left, this.#width - margin.right, height - margin.bottom];
    const span = spanOf(times, now);
    const scale = this.#scale(series.flat().filter((value) => value !== null));
    const x = (time) => right - ((now - time) / span) * (right - left);
    const y = (value) => bottom - scale.place(value) * (bottom - margin.top);
    this.#drawing.setAttribute('viewBox', `0 0 ${this.#width} ${height}`);
    this.#drawGrid(scale, y, left, right, bottom, span);
    const place = this.#placeOf(times, x);
    this.#lines.forEach((line, index) => {
      const values = series[index] ?? [];
      const found = pieces(times, values, x, y);
      line.path.setAttribute('d', linePath(found));
      line.fill?.setAttribute('d', areaPath(found, bottom));
      setText(line.value, this.#format(values[place] ?? null));
    });
    const isPointed = this.#pointer !== null && place >= 0;
    this.#cursor.setAttribute('visibility', isPointed ? 'visible' : 'hidden');
    if (isPointed) for (const end of ['x1', 'x2']) this.#cursor.setAttribute(end, x(times[place]));
    setText(this.#when, isPointed ? `${Math.round((now - times[place]) / 1000)} s ago` : '');
  }

  #drawGrid(scale, y, left, right, bottom, span) {
    const shown = scale.ticks.filter((_, index) => scale.ticks.length <= 5 || index % 2 === 0);
    const lines = shown.map((tick) => svg('line', { x1: left, x2: right, y1: y(tick), y2: y(tick) }));
    const labels = shown.map((tick) => label(this.#format(tick), left - 9, y(tick) + 4, 'end'));
    const steps = span > 120_000 ? span / 60_000 : span / 15_000;
    const marks = Array.from({ length: steps + 1 }, (_, step) => label(
      step === 0 ? 'now' : timeLabel((step / steps) * span), right - (step / steps) * (right - left), bottom + 16, step === 0 ? 'end' : 'middle'));
    this.#grid.replaceChildren(...lines, ...labels, ...marks);
  }

  #placeOf(times, x) {
    if (this.#pointer === null) return times.length - 1;
    let nearest = -1;
    times.forEach((time, place) => {
      if (nearest < 0 || Math.abs(x(time) - this.#pointer) < Math.abs(x(times[nearest]) - this.#pointer)) nearest = place;
    });
    return nearest;
  }

  #point(offset) {
    this.#pointer = offset;
    this.#render();
  }
}

const upTo = (top) => ({ ticks: [0, top / 2, top], place: (value) => value / top });

const timeLabel = (ago) => (ago % 60_000 === 0 ? `−${ago / 60_000} min` : `−${ago / 1000} s`);

const label = (text, x, y, anchor) => svg('text', { x, y, 'text-anchor': anchor }, text);
