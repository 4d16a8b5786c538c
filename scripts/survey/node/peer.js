// Node.js as a server or a client: peer.js server PORT CERT KEY DH, or peer.js client PORT.
const fs = require('fs');
const tls = require('tls');

const [role, port, cert, key, dh] = process.argv.slice(2);
const common = { minVersion: 'TLSv1', maxVersion: 'TLSv1.2', ciphers: 'ALL:@SECLEVEL=0' };

function serve() {
  const [certFile, keyFile, dhparam] = [cert, key, dh].map((path) => fs.readFileSync(path));
  const server = tls.createServer({ ...common, cert: certFile, key: keyFile, dhparam }, (socket) => {
    socket.on('error', () => {});
    socket.resume();
  });
  server.on('tlsClientError', (error, socket) => socket.destroy());
  server.listen(Number(port), '127.0.0.1');
}

let session;

function connect() {
  const options = { ...common, host: '127.0.0.1', port: Number(port), session, rejectUnauthorized: false };
  const socket = tls.connect(options);
  socket.on('session', (left) => { session = left; });
  socket.on('error', (error) => { if (error.code === 'ECONNREFUSED') process.exit(1); });
  socket.on('close', connect);
  socket.resume();
}

if (role === 'server') serve(); else connect();
