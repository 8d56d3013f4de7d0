// Bun's built-in server: a channel is one of its topics. With COMPRESS, its shared compressor.
const compresses = Boolean(process.env.COMPRESS);
const server = Bun.serve({
  hostname: '127.0.0.1',
  port: process.env.PORT,
  fetch(request, server) {
    const { pathname } = new URL(request.url);
    const data = { user: crypto.randomUUID(), echoes: pathname === '/echo' };
    if (!server.upgrade(request, { data })) return new Response('This is a WebSocket.', { status: 426 });
  },
  websocket: {
    perMessageDeflate: compresses ? { compress: 'shared', decompress: 'shared' } : false,
    message(socket, text) {
      if (socket.data.echoes) {
        socket.send(text);
        return;
      }
      const { type, channel, content } = JSON.parse(text);
      if (type === 'subscribe') {
        socket.subscribe(channel);
        socket.send(JSON.stringify({ type: 'subscribed', channel }));
      } else if (type === 'message') {
        server.publish(channel, JSON.stringify({ type, channel, content, sender: socket.data.user }), compresses);
      }
    },
  },
});
