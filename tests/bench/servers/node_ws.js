// npm `ws`: the plain broadcast loop. STORE=none | sqlite-full (node:sqlite, WAL, FULL, one commit per message)
const { WebSocketServer, WebSocket } = require('ws');
const store = process.env.STORE || 'none';
let insert = null;
if (store !== 'none') {
  const { DatabaseSync } = require('node:sqlite');
  const db = new DatabaseSync(process.env.DB);
  db.exec('PRAGMA journal_mode=WAL');
  db.exec('PRAGMA synchronous=FULL');
  db.exec('CREATE TABLE message(id INTEGER PRIMARY KEY, room TEXT, author TEXT, ts REAL, body TEXT)');
  insert = db.prepare('INSERT INTO message(room, author, ts, body) VALUES(?,?,?,?)');
}
let id = 0;
const wss = new WebSocketServer({
  port: +process.argv[2],
  host: '127.0.0.1',
  perMessageDeflate: process.env.DEFLATE === '1',
  backlog: 2048,
});
wss.on('connection', (ws) => {
  ws.on('error', () => {});
  ws.on('message', (raw) => {
    const said = JSON.parse(raw);
    const ts = Date.now() / 1000;
    if (insert) insert.run(said.room, 'u', ts, said.text);
    const out = JSON.stringify({ type: 'message', id: ++id, room: said.room, from: 'u', ts, text: said.text });
    for (const client of wss.clients) if (client.readyState === WebSocket.OPEN) client.send(out);
  });
});
