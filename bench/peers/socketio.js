// Socket.IO 4: a channel is a room.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const http = createServer();
const io = new Server(http, { transports: ['websocket'] });

io.on('connection', (socket) => {
  socket.on('echo', (content) => socket.emit('echo', content));
  socket.on('subscribe', (channel, subscribed) => {
    socket.join(channel);
    subscribed();
  });
  socket.on('message', ({ channel, content }) => io.to(channel).emit('message', { channel, content, sender: socket.id }));
});

http.listen(Number(process.env.PORT), '127.0.0.1');
