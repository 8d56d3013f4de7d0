import { byteScale, Chart, powerScale } from './chart.js';
import { byId } from './dom.js';
import { bytes, bytesPerSecond, count, perSecond, seconds, short } from './format.js';
import { Tile } from './tile.js';

/** What is looked at together for a quantile: short for what happens all the time, longer for what is rare. */
const often = 10_000;
const rarely = 60_000;

const minute = 60_000;

/** The tiles and charts. */
export class Overview {
  #history;
  #tiles = {
    connections: new Tile('Connections', 1, 'connections'),
    received: new Tile('Received', 2, 'received'),
    delivered: new Tile('Delivered', 2, 'delivered'),
    fanOut: new Tile('Fan-out p99', 3, 'fan-out'),
    queued: new Tile('Waiting to be sent', 5, 'queued'),
    refused: new Tile('Refused, last minute', 4, 'refused'),
  };

  #messages = new Chart('Messages', [
    { name: 'Delivered', color: 2, area: true }, { name: 'Sent', color: 5 }, { name: 'Received', color: 1 },
  ], { format: perSecond });

  #connections = new Chart('Connections', [{ name: 'WebSocket', color: 1, area: true }, { name: 'Server-Sent Events', color: 3 }], { format: short });

  #latency = new Chart('Latency p99', [
    { name: 'Fan-out', color: 3 }, { name: 'Redis', color: 4 }, { name: 'Ping', color: 1 }, { name: 'Handshake', color: 5 }, { name: 'Event loop', color: 2 },
  ], { format: seconds, scale: powerScale });

  #network = new Chart('Network', [{ name: 'Out', color: 2, area: true }, { name: 'In', color: 1 }], { format: bytesPerSecond, scale: byteScale });

  #compression = new Chart('Compression', [
    { name: 'Saved', color: 2, area: true }, { name: 'Deflated', color: 3 }, { name: 'Inflated', color: 1 },
  ], { format: bytesPerSecond, scale: byteScale });

  constructor(history) {
    this.#history = history;
    byId('tiles').append(...Object.values(this.#tiles).map((tile) => tile.element));
    byId('charts').append(...[this.#messages, this.#connections, this.#latency, this.#network, this.#compression].map((chart) => chart.element));
  }

  /** @param {string} scope A node's name; empty for all of them. */
  draw(scope) {
    const now = Date.now();
    const { times } = this.#history;
    const series = (name) => this.#history.series(scope, name);
    const last = (name) => this.#history.last(scope, name);
    const p99 = (name, within) => this.#history.quantiles(scope, name, 0.99, within);

    const fanOut = p99('fanOut', often);
    const half = this.#history.quantiles(scope, 'fanOut', 0.5, often).at(-1) ?? null;
    const { connections, received, delivered, fanOut: tile, queued, refused } = this.#tiles;
    connections.draw(count(last('connections')), `${count(last('websocket'))} WebSocket · ${count(last('sse'))} SSE`, times, series('connections'), now);
    received.draw(perSecond(last('received')), `${bytesPerSecond(last('bytesIn'))} · by API ${perSecond(last('published'))}`, times, series('received'), now);
    delivered.draw(perSecond(last('delivered')), `${bytesPerSecond(last('bytesOut'))} to clients`, times, series('delivered'), now);
    tile.draw(seconds(fanOut.at(-1) ?? null), half === null ? 'nothing handed out lately' : `half within ${seconds(half)}`, times, fanOut, now);
    const slow = this.#history.increase(scope, 'slow', minute);
    queued.draw(bytes(last('queued')), `slow consumers ${count(slow)}/min`, times, series('queued'), now);
    const [refusals, cuts] = ['refused', 'cut'].map((name) => this.#history.increase(scope, name, minute));
    refused.draw(count(refusals + cuts), `${count(refusals)} refused · ${count(cuts)} cut`, times, series('refused'), now);

    this.#messages.draw(times, [series('delivered'), series('sent'), series('received')], now);
    this.#connections.draw(times, [series('websocket'), series('sse')], now);
    this.#latency.draw(times, [fanOut, p99('redis', often), p99('ping', rarely), p99('handshake', rarely), this.#history.largest(scope, 'loop')], now);
    this.#network.draw(times, [series('bytesOut'), series('bytesIn')], now);
    this.#compression.draw(times, [series('saved'), series('deflated'), series('inflated')], now);
  }
}
