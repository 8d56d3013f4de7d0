import { byId, el, reconcile, setText } from './dom.js';
import { bytes, count, duration, none, percent, perSecond, seconds, short } from './format.js';

/** Event loops and what they do, or Kestrel's sockets, which tell nothing of themselves. */
function transport(figures) {
  if (!figures) return none;
  const { loops, loop, turns, posts } = figures.values;
  if (loops === 0) return 'sockets';
  const parts = [loops === 1 ? '1 loop' : `${loops} loops`];
  if (turns > 0) parts.push(`${short(figures.grown.events / figures.grown.turns)} events a turn`, `${perSecond(posts)} posts`, `longest ${seconds(loop)}`);
  return parts.join(' · ');
}

const columns = [
  { class: 'wide', text: (node) => node.address },
  { class: 'wide', text: (_, figures) => transport(figures) },
  { class: 'number', text: (node) => duration(Date.now() - node.started) },
  { class: 'number', text: (node) => count(node.connections) },
  { class: 'number', text: (node) => count(node.channels) },
  { class: 'number wide', text: (node) => count(node.subscriptions) },
  { class: 'number', text: (_, figures) => perSecond(figures?.values.delivered ?? null) },
  { class: 'number', text: (_, figures) => percent(figures?.values.cpu ?? null) },
  { class: 'number', text: (_, figures) => bytes(figures?.values.memory ?? null) },
];

/** The nodes' table and the choice of one of them. */
export class Nodes {
  #history;
  #rows = byId('nodes');
  #scope = byId('scope');

  constructor(history, onScope) {
    this.#history = history;
    this.#scope.addEventListener('change', onScope);
  }

  /** A node's name; empty for all. */
  get scope() {
    return this.#scope.value;
  }

  /** @param {object[]} nodes Of `/api/nodes`. @param {string[]} missing Names of those that gave no figures. */
  draw(nodes, missing) {
    setText(byId('nodes-note'), missing.length === 0 ? `${nodes.length} here` : `no answer from ${missing.join(', ')}`);
    reconcile(this.#rows, nodes, (node) => node.id, create, (row, node) => this.#update(row, node, missing));
    // The one that was chosen stays while it is away: its charts come back with it.
    const names = [...new Set([...nodes.map((node) => node.node), this.scope].filter(Boolean))].sort();
    const options = [{ value: '', text: `All nodes (${nodes.length})` }, ...names.map((name) => ({ value: name, text: name }))];
    reconcile(this.#scope, options, ({ value }) => value, ({ value }) => el('option', { value }), (option, { text }) => setText(option, text));
  }

  #update(row, node, missing) {
    const state = node.problem ? 'bad' : missing.includes(node.node) ? 'waiting' : 'good';
    const [name, ...cells] = row.children;
    const [dot, text, version, problem] = name.children;
    dot.dataset.state = state;
    dot.title = node.problem ? 'not ready' : state === 'waiting' ? 'gave no figures' : 'ready';
    setText(text, node.node);
    setText(version, node.version);
    setText(problem, node.problem ?? '');
    columns.forEach((column, place) => setText(cells[place], column.text(node, this.#history.node(node.node))));
  }
}

const create = () => el('tr', {},
  el('th', { scope: 'row' }, el('i', { class: 'dot' }), el('span', {}), el('span', { class: 'tag' }), el('span', { class: 'row-problem' })),
  ...columns.map((column) => el('td', { class: column.class })));
