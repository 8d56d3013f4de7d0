// What the client sees of a violation, on a connection of its own and on one that has had a request before: the code, and the end at once.
import assert from 'node:assert/strict';
import net from 'node:net';
import tls from 'node:tls';
import { Client, address } from './gateway.mjs';

const url = `${address}/ws`;

/** A connection on which an ordinary request has been answered. */
async function used() {
  const { protocol, hostname, port } = new URL(url);
  const socket = protocol === 'wss:' ? tls.connect({ host: hostname, port, servername: hostname }) : net.connect({ host: hostname, port });
  await new Promise((resolve, reject) => socket.once(protocol === 'wss:' ? 'secureConnect' : 'connect', resolve).once('error', reject));
  socket.write(`GET /health/live HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`);
  let answer = '';
  // A body in chunks ends with an empty one.
  while (!answer.endsWith('\r\n0\r\n\r\n'))
    answer += await new Promise((resolve) => socket.once('data', resolve));
  assert.match(answer, /^HTTP\/1\.1 200 /);
  return socket;
}

const masked = (opcode, payload) => Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload]);
const violations = [
  [1002, (socket) => socket._socket.write(Buffer.from([0x83]))],
  [1003, (socket) => socket.send(Buffer.from([1, 2, 3]))],
  [1007, (socket) => socket._socket.write(masked(1, Buffer.from([0xff])))],
  [1009, (socket) => socket.send('x'.repeat(1_000_000))],
];

for (const connection of [() => undefined, used]) {
  for (const [code, violate] of violations) {
    let best = Infinity;
    // On a machine that has much else to do one of several is soon enough; none was before, however idle the machine.
    for (let i = 0; i < 10 && best > 250; i++) {
      const socket = await connection();
      const client = await Client.signIn(url, socket === undefined ? {} : { createConnection: () => socket });
      const sent = performance.now();
      violate(client.socket);
      assert.equal((await client.next('disconnect')).code, code);
      assert.equal((await client.closed).code, code);
      best = Math.min(best, performance.now() - sent);
    }
    assert.ok(best <= 250, `${code} took ${best} ms`);
  }
}
console.log('done');
