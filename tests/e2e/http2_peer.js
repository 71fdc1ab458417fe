// SPDX-License-Identifier: Apache-2.0
// The host of the HTTP/2 tests, by node:http2.  node http2_peer.js PKI ADDRESS READY
//
//	443  h2, or HTTP/1.1 to who offers no other
//	444  h2 alone, four streams at a time, stream windows of 20,000 bytes
//	445  as 443, and GOAWAY with each answer
//
// /bytes/N  N bytes; /echo  what was sent; /sum  its length and SHA-256
// /trailers  with trailers; /early  an answer before the request is read
// /hints  103, then 200; /reset  half an answer, then a reset
// /refuse  a reset without an answer; /slow  a byte each 10 ms, ten of them
// /hold  nothing
// /fields  what came as a head, as JSON; anything else: method and path
"use strict";
const http2 = require("http2"), fs = require("fs"), crypto = require("crypto");
const [pki, address, ready] = process.argv.slice(2);
const { NGHTTP2_REFUSED_STREAM } = http2.constants;

function sum(stream, then) {
	const hash = crypto.createHash("sha256");
	let n = 0;
	stream.on("data", (d) => { hash.update(d); n += d.length; });
	stream.on("end", () => then(`${n} ${hash.digest("hex")}`));
}

function bytes(stream, left) {
	const piece = Buffer.alloc(65536, "weir");
	const more = () => {
		while (left > 0) {
			const n = Math.min(left, piece.length);
			left -= n;
			if (!stream.write(piece.subarray(0, n)))
				return stream.once("drain", more);
		}
		stream.end();
	};
	more();
}

function answer(stream, h) {
	const path = h[":path"], say = (text) => { stream.respond({ ":status": 200 }); stream.end(text); };
	stream.on("error", () => {});
	// a server of Node's that reads nothing of a request resets it once its answer is written, sent or not
	if (!["/echo", "/sum", "/hold", "/early"].includes(path))
		stream.resume();
	if (path.startsWith("/bytes/")) {
		stream.respond({ ":status": 200 });
		return bytes(stream, Number(path.slice(7)));
	}
	switch (path) {
	case "/echo":
		stream.respond({ ":status": 200 });
		return stream.pipe(stream);
	case "/sum":
		return sum(stream, say);
	case "/trailers":
		stream.respond({ ":status": 200 }, { waitForTrailers: true });
		stream.on("wantTrailers", () => stream.sendTrailers({ "x-sum": "17", "grpc-status": "0" }));
		return stream.end("body\n");
	case "/early":
		return say("early\n");
	case "/hints":
		stream.additionalHeaders({ ":status": 103, link: "</a.css>; rel=preload" });
		return say("late\n");
	case "/reset":
		stream.respond({ ":status": 200 });
		stream.write("half\n");
		return setTimeout(() => stream.destroy(new Error("half")), 20);
	case "/refuse":
		return stream.close(NGHTTP2_REFUSED_STREAM);
	case "/slow": {
		let n = 0;
		stream.respond({ ":status": 200 });
		const timer = setInterval(() => {
			stream.write("x");
			if (++n === 10) { clearInterval(timer); stream.end("\n"); }
		}, 10);
		return stream.on("close", () => clearInterval(timer));
	}
	case "/hold":
		return; // it is not read
	case "/fields":
		return say(JSON.stringify(h) + "\n");
	}
	stream.on("end", () => say(`${h[":method"]} ${path}\n`));
}

const keys = { key: fs.readFileSync(`${pki}/good.key`), cert: fs.readFileSync(`${pki}/good.pem`) };
const doors = {
	443: { ...keys, allowHTTP1: true },
	444: { ...keys, settings: { maxConcurrentStreams: 4, initialWindowSize: 20000 } },
	445: keys,
};
let waiting = Object.keys(doors).length;
for (const [port, options] of Object.entries(doors)) {
	const server = http2.createSecureServer(options);
	server.on("sessionError", () => {});
	server.on("request", (q, r) => {
		if (q.httpVersionMajor === 1)
			r.end(`HTTP/1.1 ${q.method} ${q.url}\n`);
	});
	server.removeAllListeners("stream"); // that of HTTP/2 as if it were HTTP/1
	server.on("stream", (stream, h) => {
		if (port === "445")
			stream.session.goaway(0, stream.id);
		answer(stream, h);
	});
	server.listen(Number(port), address, () => {
		if (--waiting === 0)
			fs.writeFileSync(ready, "");
	});
}
