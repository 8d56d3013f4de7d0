// What the nodes counted, second by second: the page's memory of the last five minutes.

const memory = 300_000;

/** A longer silence is a gap in every chart. */
const gap = 5_000;

const counters = {
  received: 'gateway_messages_received_total',
  delivered: 'gateway_messages_delivered_total',
  sent: 'gateway_messages_sent_total',
  bytesIn: 'gateway_network_received_bytes_total',
  bytesOut: 'gateway_network_sent_bytes_total',
  saved: 'gateway_network_saved_bytes_total',
  deflated: 'gateway_deflate_input_bytes_total',
  inflated: 'gateway_inflate_output_bytes_total',
  refused: 'gateway_refusals_total',
  cut: 'gateway_cuts_total',
  slow: 'gateway_slow_consumers_total',
  turns: 'gateway_loop_turns_total',
  events: 'gateway_loop_events_total',
  posts: 'gateway_loop_posts_total',
};

/** Of the API: this page's own questions are not of interest. */
const publishing = ['publish', 'broadcast', 'batch'];

const gauges = {
  connections: 'gateway_connections',
  queued: 'gateway_outbound_queued_bytes',
};

const histograms = {
  fanOut: 'gateway_fanout_duration_seconds',
  handshake: 'gateway_handshake_duration_seconds',
  ping: 'gateway_ping_round_trip_seconds',
  redis: 'gateway_backplane_round_trip_seconds',
};

export class History {
  /** Of each poll: its time, and the figures of each node by name. */
  #polls = [];

  /** The answer of `/api/stats`. */
  add(reply, now = Date.now()) {
    const before = this.#polls.at(-1);
    const nodes = new Map(reply.nodes.map((stats) => [stats.node, figuresOf(stats, before?.nodes.get(stats.node))]));
    if (before && now - before.time > gap) this.#polls.push({ time: now - 1, nodes: new Map() });
    this.#polls.push({ time: now, nodes });
    while (this.#polls[0].time < now - memory) this.#polls.shift();
  }

  get times() {
    return this.#polls.map((poll) => poll.time);
  }

  /** The newest figures of one node, or null. */
  node(name) {
    return this.#polls.at(-1)?.nodes.get(name) ?? null;
  }

  /** A gauge or a rate a second over the polls, summed over a node or all of them; null where it isn't known. */
  series(scope, name) {
    return this.#polls.map((poll) => sum(inScope(poll, scope).map((node) => node.values[name])));
  }

  /** The largest of a gauge over the polls, of a node or all of them; null where it isn't known. */
  largest(scope, name) {
    return this.#polls.map((poll) => max(inScope(poll, scope).map((node) => node.values[name])));
  }

  /** The newest of a series. */
  last(scope, name) {
    const poll = this.#polls.at(-1);
    return poll ? sum(inScope(poll, scope).map((node) => node.values[name])) : null;
  }

  /** What a counter has grown by within the last milliseconds. */
  increase(scope, name, within) {
    const since = (this.#polls.at(-1)?.time ?? 0) - within;
    return sum(this.#polls.filter((poll) => poll.time > since).flatMap((poll) => inScope(poll, scope).map((node) => node.grown[name]))) ?? 0;
  }

  /** A quantile over the polls, each of what was measured within the last milliseconds. */
  quantiles(scope, name, quantile, within) {
    const found = [];
    let first = 0;
    let sums = null;
    this.#polls.forEach((poll) => {
      sums = addTo(sums, inScope(poll, scope), name, 1);
      while (this.#polls[first].time <= poll.time - within) sums = addTo(sums, inScope(this.#polls[first++], scope), name, -1);
      found.push(quantileOf(sums, quantile));
    });
    return found;
  }

  /** What a counter stands at, by its labels' values, largest first. */
  totals(scope, metric) {
    const found = new Map();
    const poll = this.#polls.at(-1);
    for (const node of poll ? inScope(poll, scope) : []) {
      for (const { labels, value } of node.metrics.get(metric)?.values ?? []) {
        const label = Object.values(labels ?? {}).join(' ');
        found.set(label, (found.get(label) ?? 0) + value);
      }
    }
    return [...found].filter(([, value]) => value > 0).sort((one, other) => other[1] - one[1]);
  }
}

const inScope = (poll, scope) => (scope ? [poll.nodes.get(scope)].filter(Boolean) : [...poll.nodes.values()]);

function sum(values) {
  const known = values.filter((value) => value !== null && value !== undefined);
  return known.length === 0 ? null : known.reduce((one, other) => one + other, 0);
}

function max(values) {
  const known = values.filter((value) => value !== null && value !== undefined);
  return known.length === 0 ? null : Math.max(...known);
}

function figuresOf(stats, before) {
  const metrics = new Map(stats.metrics.map((metric) => [metric.name, metric]));
  const total = (name) => sum((metrics.get(name)?.values ?? []).map(({ value }) => value)) ?? 0;
  const figures = { started: stats.started, time: stats.time, metrics, counts: {}, values: {}, grown: {}, measured: {} };
  for (const [name, metric] of Object.entries(gauges)) figures.values[name] = total(metric);
  figures.values.loops = metrics.get(counters.turns)?.values.length ?? 0;
  figures.values.loop = max((metrics.get('gateway_loop_longest_turn_seconds')?.values ?? []).map(({ value }) => value));
  for (const { labels, value } of metrics.get(gauges.connections)?.values ?? []) figures.values[labels.transport] = value;
  for (const [name, metric] of Object.entries(counters)) figures.counts[name] = total(metric);
  figures.counts.published = sum((metrics.get('gateway_api_requests_total')?.values ?? [])
    .filter(({ labels }) => publishing.includes(labels.operation)).map(({ value }) => value)) ?? 0;
  figures.counts.cpu = stats.cpuSeconds;
  figures.values.memory = stats.memoryBytes;
  // A node that was started anew counts from 0, and what it did between is not known.
  const passed = before?.started === stats.started ? (stats.time - before.time) / 1000 : 0;
  if (passed > 0) {
    for (const name of Object.keys(figures.counts)) {
      figures.grown[name] = Math.max(0, figures.counts[name] - before.counts[name]);
      figures.values[name] = figures.grown[name] / passed;
    }
    for (const [name, metric] of Object.entries(histograms)) figures.measured[name] = measuredSince(metrics.get(metric), before.metrics.get(metric));
  }
  return figures;
}

/** How many measurements fell into each bucket, of all label sets together. */
function measuredSince(now, before) {
  if (!now?.bounds) return null;
  const counts = bucketsOf(now);
  const old = before?.bounds ? bucketsOf(before) : [];
  return { bounds: now.bounds, counts: counts.map((count, place) => Math.max(0, count - (old[place] ?? 0))) };
}

const bucketsOf = (metric) => metric.values.reduce(
  (sums, { buckets }) => sums.map((count, place) => count + (buckets[place] ?? 0)), new Array(metric.bounds.length + 1).fill(0));

function addTo(sums, nodes, name, sign) {
  for (const { measured } of nodes) {
    if (!measured[name]) continue;
    const { bounds, counts } = measured[name];
    sums ??= { bounds, counts: bounds.map(() => 0).concat(0) };
    counts.forEach((count, place) => { sums.counts[place] += sign * count; });
  }
  return sums;
}

/** As Prometheus' histogram_quantile: evenly spread within a bucket. */
function quantileOf(sums, quantile) {
  const all = sums?.counts.reduce((one, other) => one + other, 0) ?? 0;
  if (all === 0) return null;
  let rank = quantile * all;
  const place = sums.counts.findIndex((count) => (rank -= count) <= 0);
  if (place < 0 || place >= sums.bounds.length) return sums.bounds.at(-1);
  const lower = place === 0 ? 0 : sums.bounds[place - 1];
  return lower + (sums.bounds[place] - lower) * (1 + rank / sums.counts[place]);
}
