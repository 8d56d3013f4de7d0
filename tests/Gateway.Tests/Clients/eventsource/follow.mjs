// Follows a channel with history through everything that happens to its gateway: each number once, in order, up to the last.
import assert from 'node:assert/strict';
import { EventSource } from 'eventsource';

const [address, last] = [process.argv[2], Number(process.argv[3])];
const source = new EventSource(`${address}/sse?channel=log:a`);
let [opened, next, told] = [0, 1, ''];
source.addEventListener('open', () => opened++);
source.addEventListener('connected', (event) => (told = JSON.parse(event.data).user));
source.addEventListener('subscribed', (event) => {
  const { channel, recovered } = JSON.parse(event.data);
  assert.deepEqual([channel, recovered], ['log:a', opened === 1 ? undefined : true]);
  console.log(opened === 1 ? 'subscribed' : 'recovered');
});
source.addEventListener('message', (event) => {
  const { channel, content, seq } = JSON.parse(event.data);
  assert.deepEqual([channel, content, seq], ['log:a', next, next]);
  assert.ok(event.lastEventId.length > 0);
  if (next++ < last) return;
  assert.ok(told.startsWith('anonymous-'));
  assert.ok(opened > 1, 'never reconnected');
  source.close();
  console.log('done');
});
source.addEventListener('error', (event) => {
  // Without data it is the connection that broke, and this client that comes back by itself. The new gateway may still be looking for its Redis.
  if (event.data !== undefined) return assert.equal(JSON.parse(event.data).code, 'unavailable');
  assert.notEqual(source.readyState, EventSource.CLOSED, event.message);
});
