// The gateway stops while this client is connected: it is told why and when to come back.
import assert from 'node:assert/strict';
import { Client, address } from './gateway.mjs';

const client = await Client.signIn(`${address}/ws`);
console.log('connected');
const told = await client.next('disconnect');
assert.deepEqual([told.code, told.reason, told.reconnect], [1012, 'restarting', true]);
assert.ok(told.retryAfter >= 0 && told.retryAfter <= 5000, `${told.retryAfter}`);
assert.deepEqual(await client.closed, { code: 1012, reason: 'restarting' });
console.log('done');
