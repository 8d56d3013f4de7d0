// `ws` offers permessage-deflate when asked to; the gateway does not take it up, and all goes on uncompressed.
import assert from 'node:assert/strict';
import { Client, address } from './gateway.mjs';

const client = await Client.signIn(`${address}/ws`, { perMessageDeflate: { threshold: 0 } });
assert.equal(client.socket.extensions, '');
await client.ask({ type: 'subscribe', channel: 'news' }, 'subscribed');
const content = 'compressible '.repeat(2000);
client.send({ type: 'message', channel: 'news', content });
assert.equal((await client.next('message')).content, content);
await client.close(1000);
console.log('done');
