// The npm package ws on Node.js: a channel is a set of sockets.
import { randomUUID } from 'node:crypto';
import { WebSocketServer } from 'ws';

const channels = new Map();
// With COMPRESS, permessage-deflate as its documentation recommends against memory: without context, small messages as they are.
const perMessageDeflate = process.env.COMPRESS ? { serverNoContextTakeover: true, clientNoContextTakeover: true, threshold: 512 } : false;
const server = new WebSocketServer({ host: '127.0.0.1', port: Number(process.env.PORT), perMessageDeflate });

function subscribe(socket, channel) {
  if (!channels.has(channel)) channels.set(channel, new Set());
  channels.get(channel).add(socket);
  socket.on('close', () => channels.get(channel).delete(socket));
  socket.send(JSON.stringify({ type: 'subscribed', channel }));
}

server.on('connection', (socket, request) => {
  socket.on('error', console.error);
  if (request.url === '/echo') {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
    return;
  }
  const user = randomUUID();
  socket.on('message', (data) => {
    const { type, channel, content } = JSON.parse(data);
    if (type === 'subscribe') {
      subscribe(socket, channel);
    } else if (type === 'message') {
      const text = JSON.stringify({ type, channel, content, sender: user });
      for (const subscriber of channels.get(channel) ?? []) subscriber.send(text);
    }
  });
});
