// SPDX-License-Identifier: Apache-2.0
// node as a client: HOST CA-FILE
//   a GET in a keep-alive agent, a chunked answer, an upload, HTTPS, HTTP/2,
//   and a server that speaks first
'use strict';
const http = require('http'), https = require('https'), http2 = require('http2');
const net = require('net'), fs = require('fs'), crypto = require('crypto');
const [host, caFile] = process.argv.slice(2);
const ca = fs.readFileSync(caFile);
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });

function fail(what) { console.error(what); process.exit(1); }

function request(lib, options, body) {
	return new Promise((done, failed) => {
		const q = lib.request({ host, agent: lib === http ? agent : undefined, ...options }, (r) => {
			const parts = [];
			r.on('data', (d) => parts.push(d));
			r.on('end', () => done(Buffer.concat(parts)));
			r.on('error', failed);
		});
		q.on('error', failed);
		q.end(body);
	});
}

function h2(path) {
	return new Promise((done, failed) => {
		const c = http2.connect(`https://${host}`, { ca });
		c.on('error', failed);
		const s = c.request({ ':path': path });
		let n = 0;
		s.on('data', (d) => { n += d.length; });
		s.on('end', () => { c.close(); done(n); });
		s.end();
	});
}

function pushed() {
	return new Promise((done, failed) => {
		const s = net.connect(7001, host);
		let text = '';
		s.on('error', failed);
		s.on('data', (d) => {
			text += d;
			if (text.includes('ready\r\n')) s.end();
		});
		s.on('close', () => done(text));
	});
}

(async () => {
	const many = await Promise.all(Array.from({ length: 20 }, (_, i) =>
		request(http, { path: `/bytes/${i * 10000}` })));
	many.forEach((b, i) => { if (b.length !== i * 10000) fail(`GET ${i}: ${b.length}`); });
	if ((await request(http, { path: '/chunked/2000000' })).length !== 2000000) fail('chunked');
	const up = crypto.randomBytes(3000000);
	const want = `3000000 ${crypto.createHash('sha256').update(up).digest('hex')}\n`;
	if (String(await request(http, { path: '/hash', method: 'POST' }, up)) !== want) fail('upload');
	if (String(await request(https, { path: '/hello', port: 8443, ca })) !== 'hello\n') fail('https');
	if (await h2('/big') !== 5000000) fail('http2');
	if (await pushed() !== '220 weir world ready\r\n') fail('server that speaks first');
	agent.destroy();
})().catch((e) => fail(e.message));
