// What lies below the messages: pings both ways, fragments, large messages.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { Client, address } from './gateway.mjs';

// A ping of the client's is answered with its payload, also between the fragments of a message.
const client = await Client.signIn(`${address}/ws`);
const pongs = [];
client.socket.on('pong', (payload) => pongs.push(payload.toString()));
const text = JSON.stringify({ type: 'ping', id: 'in fragments, ä too' });
client.socket.send(text.slice(0, 9), { fin: false });
client.socket.ping('between');
client.socket.send(text.slice(9, 20), { fin: false });
client.socket.send(text.slice(20), { fin: true });
assert.deepEqual(await client.next('pong'), { type: 'pong', id: 'in fragments, ä too' });
assert.deepEqual(pongs, ['between']);

// A ping of the server's comes when the client is silent; `ws` answers it, and the connection stays.
await new Promise((resolve) => client.socket.once('ping', resolve));
await new Promise((resolve) => client.socket.once('ping', resolve));
await client.ask({ type: 'ping' }, 'pong');
await client.close(1000);

// /echo gives back text and binary of any size, byte for byte.
const echo = await Client.open(`${address}/echo`, []);
for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_000_000, 8_000_000]) {
  const bytes = randomBytes(size);
  echo.socket.send(bytes);
  const binary = await echo.nextRaw();
  assert.equal(binary.isBinary, true);
  assert.ok(bytes.equals(binary.data), `binary of ${size}`);
  const letters = 'ü'.repeat(size / 2);
  echo.socket.send(letters);
  const back = await echo.nextRaw();
  assert.equal(back.isBinary, false);
  assert.ok(back.data.toString() === letters, `text of ${size}`);
}

// Many at once come back in order.
for (let i = 0; i < 1000; i++)
  echo.socket.send(String(i));
for (let i = 0; i < 1000; i++)
  assert.equal((await echo.nextRaw()).data.toString(), String(i));
await echo.close(1000);
console.log('done');
