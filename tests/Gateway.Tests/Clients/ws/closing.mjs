// What a client sees when it ends, or is refused.
import assert from 'node:assert/strict';
import { Client, address, refusal } from './gateway.mjs';

const url = `${address}/ws`;

// The client's own code and reason come back; without a code there is none.
assert.deepEqual(await (await Client.signIn(url)).close(1000, 'done'), { code: 1000, reason: 'done' });
assert.deepEqual(await (await Client.signIn(url)).close(4321, 'mine'), { code: 4321, reason: 'mine' });
assert.deepEqual(await (await Client.signIn(url)).close(), { code: 1005, reason: '' });

// Bytes that are no binary message of the protocol are refused.
const noHeader = 'a binary message begins with the length of its header, in 4 bytes';
const binary = await Client.signIn(url);
binary.socket.send(Buffer.from([1, 2, 3]));
assert.deepEqual(await binary.next('disconnect'), {
  type: 'disconnect', code: 1003, reason: noHeader, reconnect: false,
});
assert.deepEqual(await binary.closed, { code: 1003, reason: noHeader });

// A message over the limit: the reason names the limit, though the client is still sending.
const large = await Client.signIn(url);
large.socket.send('x'.repeat(20_000_000));
const told = await large.next('disconnect');
assert.deepEqual([told.code, told.reconnect], [1009, false]);
assert.deepEqual(await large.closed, { code: 1009, reason: 'message exceeds 8388608 bytes' });

// Subprotocols: none is version 1; one that is not spoken is refused by name, unless it stands beside one that is.
const none = await Client.open(url, []);
await none.next('connected');
assert.equal(none.socket.protocol, '');
await none.close(1000);
const several = await Client.open(url, ['graphql-ws', 'gateway.v1.json']);
assert.equal(several.socket.protocol, 'gateway.v1.json');
await several.close(1000);
assert.deepEqual(await refusal(url, ['graphql-ws']), {
  status: 400, body: { error: 'bad_request', message: 'none of the offered subprotocols is supported; supported: gateway.v1.json' },
});
console.log('done');
