// permessage-deflate with `ws`, which offers whatever it is told to: the gateway agrees to it without context takeover.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Client, address, refusal } from './gateway.mjs';

const agreed = 'permessage-deflate; server_no_context_takeover; client_no_context_takeover';
const offers = [
  [true, agreed],
  [{ threshold: 0 }, agreed],
  [{ threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true, clientMaxWindowBits: 10 }, `${agreed}; client_max_window_bits=10`],
  [{ threshold: 0, serverMaxWindowBits: 13, clientMaxWindowBits: 9 }, `${agreed}; server_max_window_bits=12; client_max_window_bits=9`],
  [{ threshold: 0, serverMaxWindowBits: 9 }, `${agreed}; server_max_window_bits=9`],
  [{ threshold: 0, serverMaxWindowBits: 8 }, ''],
];

for (const [perMessageDeflate, extensions] of offers) {
  // A session: what is published comes back, as an answer and as a message.
  const client = await Client.signIn(`${address}/ws`, { perMessageDeflate });
  assert.equal(client.answer, extensions);
  await client.ask({ type: 'subscribe', channel: 'log:a' }, 'subscribed');
  for (const content of ['short', 'compressible ä '.repeat(2000), randomBytes(3000).toString('base64')]) {
    client.send({ type: 'message', channel: 'log:a', content });
    assert.equal((await client.next('message')).content, content);
  }
  const { messages } = await client.ask({ type: 'history', channel: 'log:a' }, 'history');
  assert.ok(messages.length >= 3);
  await client.close(1000);

  // Everything of any size comes back, also in fragments and with pings between.
  const echo = await Client.open(`${address}/echo`, [], { perMessageDeflate });
  for (const size of [0, 1, 125, 126, 511, 512, 65_535, 65_536, 1_000_000]) {
    for (const bytes of [Buffer.alloc(size), randomBytes(size)]) {
      echo.socket.send(bytes);
      assert.ok(bytes.equals((await echo.nextRaw()).data), `binary of ${size}`);
    }
    const letters = 'ü'.repeat(size / 2);
    echo.socket.send(letters);
    assert.ok((await echo.nextRaw()).data.toString() === letters, `text of ${size}`);
  }
  echo.socket.send('a'.repeat(5000), { fin: false });
  echo.socket.ping('between');
  echo.socket.send('b'.repeat(5000), { fin: false });
  echo.socket.send('', { fin: true });
  assert.equal((await echo.nextRaw()).data.toString(), 'a'.repeat(5000) + 'b'.repeat(5000));
  for (let i = 0; i < 300; i++)
    echo.socket.send(`${i} `.repeat(300));
  for (let i = 0; i < 300; i++)
    assert.equal((await echo.nextRaw()).data.toString(), `${i} `.repeat(300));
  await echo.close(1000);
}

// More than a message may have is refused, however small it was on the way.
const bomb = await Client.open(`${address}/echo`, [], { perMessageDeflate: true });
bomb.socket.send(Buffer.alloc(9_000_000));
assert.deepEqual(await bomb.closed, { code: 1009, reason: 'message exceeds 8388608 bytes' });

// The header itself is read strictly.
const headers = { 'Sec-WebSocket-Extensions': 'permessage-deflate;;' };
const { status, body } = await refusal(`${address}/ws`, [], { perMessageDeflate: false, headers });
assert.equal(status, 400);
assert.equal(body.error, 'bad_request');
console.log('done');
