import { get } from './api.js';
import { byId, el, reconcile, setText } from './dom.js';
import { ago, count } from './format.js';

const codes = {
  1000: 'closed normally', 1001: 'going away', 1002: 'protocol error', 1003: 'malformed binary message', 1005: 'closed without a code',
  1006: 'vanished', 1007: 'not UTF-8', 1009: 'message too big', 1011: 'internal error', 1012: 'restarting', 1013: 'overloaded',
  4001: 'unauthorized', 4003: 'forbidden or disconnected', 4008: 'slow consumer', 4010: 'token expired',
  4011: 'no answer to a ping', 4029: 'rate limit',
};

/** Refusals, slow consumers, and what connections and requests ended with. */
export class Feeds {
  #history;
  #seen = '';
  #nodes = [];

  constructor(history) {
    this.#history = history;
  }

  /** Asks only where a counter says that there is something new. */
  async load() {
    const counters = ['gateway_refusals_total', 'gateway_cuts_total', 'gateway_slow_consumers_total'];
    const seen = JSON.stringify(counters.map((name) => this.#history.totals('', name)));
    if (seen === this.#seen) return;
    this.#nodes = (await get('events')).nodes;
    this.#seen = seen;
  }

  draw(scope) {
    const totals = (name) => this.#history.totals(scope, name);
    const of = (list) => this.#nodes.filter(({ node }) => !scope || node === scope)
      .flatMap((one) => one[list].map((event) => ({ ...event, node: one.node })))
      .sort((one, other) => other.time - one.time).slice(0, 50);
    const isSeveral = this.#nodes.length > 1;
    drawFeed('refusals', of('refusals'), refusal, isSeveral, 'Nobody was refused.');
    drawFeed('slow', of('slowConsumers'), slowConsumer, isSeveral, 'Everybody keeps up.');
    setText(byId('refusals-note'), summary([...totals('gateway_refusals_total'), ...totals('gateway_cuts_total')]));
    setText(byId('slow-note'), summary(totals('gateway_slow_consumers_total')));
    drawEnds([
      ...totals('gateway_disconnects_total').map(([code, number]) => ['close', code, codes[code] ?? 'a code of the client', number]),
      ...totals('gateway_errors_total').map(([code, number]) => ['error', code, 'told to clients', number]),
      ...totals('gateway_rate_limited_total').map(([action, number]) => ['rate', action, 'over the rate limit', number]),
    ]);
  }
}

const summary = (totals) => {
  const all = totals.reduce((sum, [, number]) => sum + number, 0);
  return all === 0 ? '' : `${count(all)} since the start`;
};

const refusal = (event) => ({
  key: `${event.node} ${event.address} ${event.reason} ${event.message}`,
  tag: event.status === undefined ? 'cut' : String(event.status),
  state: event.status === undefined || event.status >= 500 ? 'bad' : 'waiting',
  title: event.message,
  facts: [event.address ?? 'unknown address', event.count > 1 && `${count(event.count)} times`],
});

const slowConsumer = (event) => ({
  key: `${event.node} ${event.connection} ${event.policy}`,
  tag: event.policy,
  state: event.policy === 'disconnect' ? 'bad' : 'waiting',
  title: event.channel,
  facts: [event.user ?? event.connection, event.address, event.dropped > 0 && `${count(event.dropped)} dropped`],
});

function drawFeed(id, events, describe, isSeveral, nothing) {
  const items = events.map((event) => ({ ...describe(event), time: event.time, node: isSeveral && event.node }));
  const list = items.length > 0 ? items : [{ key: 'none', nothing }];
  reconcile(byId(id), list, ({ key }) => key, ({ nothing: text }) => (text ? el('li', { class: 'empty' }, el('p', {}, text)) : entry()), (element, item) => {
    if (item.nothing) return;
    const [tag, title, facts] = element.children;
    setText(tag, item.tag);
    tag.dataset.state = item.state;
    setText(title, item.title);
    setText(facts, [...item.facts, item.node, ago(item.time)].filter(Boolean).join(' · '));
    facts.title = new Date(item.time).toString();
  });
}

const entry = () => el('li', {}, el('span', { class: 'tag' }), el('span', { class: 'feed-title' }), el('span', { class: 'note' }));

function drawEnds(ends) {
  const list = ends.length > 0 ? ends : [['none', '', '', 0]];
  reconcile(byId('ends'), list, ([kind, code]) => `${kind} ${code}`, ([kind]) => (kind === 'none'
    ? el('li', { class: 'empty' }, el('p', {}, 'No connection has ended, and no error was sent.'))
    : el('li', {}, el('span', { class: 'tag' }), el('span', { class: 'feed-title' }), el('b'))), (element, [kind, code, text, number]) => {
    if (kind === 'none') return;
    const [tag, title, value] = element.children;
    setText(tag, code);
    tag.dataset.state = kind === 'close' && ['1000', '1001', '1005', '1012'].includes(code) ? 'good' : 'waiting';
    setText(title, text);
    setText(value, count(number));
  });
}
