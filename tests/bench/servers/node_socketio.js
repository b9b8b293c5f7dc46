// Socket.IO 4: io.to(room).emit(). Memory only, as everybody uses it.
const http = require('node:http').createServer();
const { Server } = require('socket.io');
const io = new Server(http, {
  transports: ['websocket'],
  perMessageDeflate: process.env.DEFLATE === '1',
  pingInterval: 600000,
});
let id = 0;
io.on('connection', (socket) => {
  socket.on('join', (room) => {
    socket.join(room);
    socket.emit('joined', room);
  });
  socket.on('message', (said) => {
    const out = { id: ++id, room: said.room, from: 'u', ts: Date.now() / 1000, text: said.text };
    io.to(said.room).emit('message', out);
  });
});
http.listen(+process.argv[2], '127.0.0.1', 2048);
