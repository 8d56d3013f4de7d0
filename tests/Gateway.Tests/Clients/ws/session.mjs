// A whole session of protocol version 1: subscribe, publish, acknowledge, history, recovery, presence, errors.
import assert from 'node:assert/strict';
import { Client, address } from './gateway.mjs';

const url = `${address}/ws`;
const alice = await Client.signIn(url);
const bob = await Client.signIn(url);
assert.equal(alice.socket.protocol, 'gateway.v1.json');
assert.equal(alice.connected.user, `anonymous-${alice.connected.connection}`);
assert.equal(alice.connected.ping, 25_000);

// In a channel with history, subscribing tells the position; an id comes back as it was sent.
const start = await alice.ask({ type: 'subscribe', channel: 'chat:1', id: 'a' }, 'subscribed');
assert.deepEqual(start, { type: 'subscribed', channel: 'chat:1', id: 'a', epoch: start.epoch, seq: 0 });
assert.deepEqual(await bob.ask({ type: 'subscribe', channel: 'chat:1', id: 2 }, 'subscribed'), { ...start, id: 2 });

// Content is any JSON and arrives byte for byte. The publisher gets the message too, and the ack, whichever comes first.
const content = '{"text":"grüße 👋","n":1.50,"list":[null,true]}';
alice.socket.send(`{"type":"message","channel":"chat:1","content":${content},"id":"m1"}`);
const raw = (await bob.nextRaw()).data.toString();
assert.ok(raw.includes(`"content":${content}`), raw);
const message = JSON.parse(raw);
assert.deepEqual([message.type, message.sender, message.seq], ['message', alice.connected.user, 1]);
const answers = [await alice.nextRaw(), await alice.nextRaw()].map(({ data }) => JSON.parse(data.toString()));
const ack = { type: 'ack', id: 'm1', channel: 'chat:1', epoch: start.epoch, seq: 1 };
assert.deepEqual(answers.find(({ type }) => type === 'ack'), ack);
assert.deepEqual(answers.find(({ type }) => type === 'message'), message);

// `echo: false` keeps a message from its sender; a repeated key publishes once.
for (const id of ['m2', 'm2 again'])
  assert.equal((await alice.ask({ type: 'message', channel: 'chat:1', content: 'second', id, echo: false, key: 'k' }, 'ack')).seq, 2);
assert.equal((await bob.next('message')).content, 'second');

// History pages backwards from the end, or forwards from a position.
const page = async (range) => {
  const { messages, more } = await alice.ask({ type: 'history', channel: 'chat:1', ...range }, 'history');
  return { seqs: messages.map(({ seq }) => seq), more };
};
assert.deepEqual(await page({}), { seqs: [1, 2], more: false });
assert.deepEqual(await page({ limit: 1 }), { seqs: [2], more: true });
assert.deepEqual(await page({ before: 2 }), { seqs: [1], more: false });
assert.deepEqual(await page({ after: 0, limit: 1 }), { seqs: [1], more: true });
assert.deepEqual(await page({ after: 2 }), { seqs: [], more: false });

// Who was away gets exactly what was missed; who asks for a position of another epoch is told to reload.
await bob.close(1000);
await alice.ask({ type: 'message', channel: 'chat:1', content: 'third', id: 'm3', echo: false }, 'ack');
const back = await Client.signIn(url);
const recovered = await back.ask({ type: 'subscribe', channel: 'chat:1', recover: { epoch: start.epoch, seq: 1 } }, 'subscribed');
assert.deepEqual([recovered.recovered, recovered.seq], [true, 3]);
assert.deepEqual([(await back.next('message')).content, (await back.next('message')).content], ['second', 'third']);
const lost = await back.ask({ type: 'subscribe', channel: 'chat:1', recover: { epoch: 'of another life', seq: 1 } }, 'subscribed');
assert.deepEqual([lost.recovered, lost.epoch, lost.seq], [false, start.epoch, 3]);
assert.equal((await back.ask({ type: 'unsubscribe', channel: 'chat:1', id: 8 }, 'unsubscribed')).id, 8);

// Presence: a snapshot for who comes, changes for who is there.
const alone = await alice.ask({ type: 'subscribe', channel: 'room:1' }, 'subscribed');
assert.deepEqual([alone.users, alone.count], [[alice.connected.user], 1]);
const both = await back.ask({ type: 'subscribe', channel: 'room:1' }, 'subscribed');
assert.deepEqual(both.users.sort(), [alice.connected.user, back.connected.user].sort());
const joined = await alice.next('presence');
assert.ok(joined.joined.includes(back.connected.user));
assert.equal(joined.count, 2);
await back.ask({ type: 'unsubscribe', channel: 'room:1' }, 'unsubscribed');
assert.deepEqual(await alice.next('presence'), { type: 'presence', channel: 'room:1', left: [back.connected.user], count: 1 });
assert.deepEqual((await back.ask({ type: 'presence', channel: 'room:1' }, 'presence')).users, [alice.connected.user]);

// Errors carry the id and leave the connection open.
const error = await back.ask({ type: 'dance', id: 7 }, 'error');
assert.deepEqual([error.code, error.id], ['unknown_type', 7]);
back.socket.send('{');
assert.equal((await back.next('error')).code, 'bad_request');
assert.equal((await back.ask({ type: 'history', channel: 'room:1' }, 'error')).code, 'history_unavailable');
assert.equal((await back.ask({ type: 'unsubscribe', channel: 'room:1' }, 'error')).code, 'not_subscribed');
assert.deepEqual(await back.ask({ type: 'ping', id: 9 }, 'pong'), { type: 'pong', id: 9 });

await back.close(1000);
assert.deepEqual(await alice.close(1000, 'bye'), { code: 1000, reason: 'bye' });
console.log('done');
