// SPDX-License-Identifier: Apache-2.0
// A guest of the HTTP/2 tests, by node:http2.  node guest_http2.js CASE [PORT]
"use strict";
const http2 = require("http2"), crypto = require("crypto");
const { NGHTTP2_CANCEL } = http2.constants;
const session = http2.connect(`https://good.test:${process.argv[3] || 443}`);
let failed = false;
const fail = (what) => { failed = true; console.log(what); };
session.on("error", (e) => fail("session: " + e.message));

// one request: {status, head, body, trailers, code}
function ask(path, options = {}) {
	return new Promise((done) => {
		const got = { body: "", bytes: 0, hints: 0 };
		const hash = crypto.createHash("sha256");
		const r = session.request({ ":path": path, ":method": options.method || "GET",
			...options.head }, { endStream: !options.send && !options.open });
		r.on("headers", () => got.hints++);
		r.on("response", (h) => { got.status = h[":status"]; got.head = h; });
		r.on("trailers", (t) => got.trailers = t);
		r.on("data", (d) => {
			got.bytes += d.length;
			hash.update(d);
			if (got.body.length < 4096)
				got.body += d.toString("latin1");
			if (options.stop)
				r.close(NGHTTP2_CANCEL);
		});
		r.on("error", (e) => got.error = e.message);
		r.on("close", () => { got.code = r.rstCode; got.sum = hash.digest("hex"); done(got); });
		if (options.send)
			r.end(options.send);
		if (options.tail) {
			r.on("wantTrailers", () => r.sendTrailers(options.tail));
		}
		if (options.also)
			options.also(r);
	});
}

const MB = 1 << 20, data = crypto.randomBytes(3 * MB + 17);
const data_sum = crypto.createHash("sha256").update(data).digest("hex");
const cases = {
	// many at once, of different sizes, up and down
	async many() {
		const all = [];
		for (let i = 0; i < 100; i++)
			all.push(i & 1 ? ask("/bytes/" + i * 1000) : ask("/sum", { method: "POST", send: data.subarray(0, i * 500) }));
		(await Promise.all(all)).forEach((g, i) => {
			if (g.status !== 200 || (i & 1 ? g.bytes !== i * 1000 : !g.body.startsWith(`${i * 500} `)))
				fail(`${i}: ${JSON.stringify(g)}`);
		});
		return "all of them";
	},
	async both_ways() {
		const g = await ask("/echo", { method: "POST", send: data });
		return g.sum === data_sum ? "the same" : JSON.stringify(g);
	},
	async trailers() {
		const g = await ask("/trailers");
		return `${g.body.trim()} ${g.trailers["x-sum"]} ${g.trailers["grpc-status"]}`;
	},
	async hints() {
		const g = await ask("/hints");
		return `${g.hints} ${g.status} ${g.body.trim()}`;
	},
	// what the host resets is reset, behind what it said
	async reset() {
		const g = await ask("/reset");
		return `${g.status} ${g.body.trim()} ${g.code}`;
	},
	async refuse() {
		const g = await ask("/refuse");
		return `${g.status} ${g.code}`;
	},
	// what is given up leaves the others alone
	async cancel() {
		const all = [];
		for (let i = 0; i < 20; i++)
			all.push(ask("/bytes/50000000", { stop: true }));
		const last = ask("/bytes/300000");
		await Promise.all(all);
		return `${(await last).bytes}`;
	},
	// one that is not read stops nobody
	async unread() {
		const stuck = session.request({ ":path": "/bytes/50000000" });
		await new Promise((r) => stuck.on("response", r));
		stuck.pause();
		let n = 0;
		for (let i = 0; i < 5; i++)
			n += (await ask("/bytes/2000000")).bytes;
		const up = await ask("/sum", { method: "POST", send: data });
		stuck.close(NGHTTP2_CANCEL);
		return `${n} ${up.body.split(" ")[0]}`;
	},
	// an answer before the request is read: it is delivered, and the rest does no harm
	async early() {
		const g = await ask("/early", { method: "POST", send: data });
		const next = await ask("/after");
		return `${g.status} ${g.body.trim()} ${next.body.trim()}`;
	},
	async denied() {
		const g = await ask("/no/way", { method: "POST", send: data.subarray(0, 200000) });
		const json = await ask("/no/way", { head: { accept: "application/json" } });
		const next = await ask("/yes");
		return `${g.status} ${/reason: http_rule/.test(g.body)} ${JSON.parse(json.body).reason} ${next.body.trim()}`;
	},
	async denied_head() {
		const g = await ask("/no/way", { method: "HEAD" });
		return `${g.status} ${g.bytes}`;
	},
	// more than is thrown away: the stream ends, the connection does not
	async denied_large() {
		const g = await ask("/no/way", { method: "POST", send: Buffer.alloc(5 * MB) });
		const next = await ask("/yes");
		return `${g.status} ${g.code} ${next.body.trim()}`;
	},
	async authority() {
		const other = await ask("/a", { head: { ":authority": "www.good.test" } });
		const port = await ask("/a", { head: { ":authority": "good.test:1" } });
		const host = await ask("/a", { head: { host: "GOOD.test", ":authority": "good.test" } });
		const next = await ask("/a");
		return `${other.status} ${port.status} ${host.status} ${next.status}`;
	},
	async large_head() {
		const g = await ask("/a", { head: { x: "y".repeat(15000), z: "y".repeat(900) } });
		const fine = await ask("/a", { head: { x: "y".repeat(14000) } });
		return `${g.status} ${fine.status}`;
	},
	async connect() {
		const g = await new Promise((done) => {
			const r = session.request({ ":method": "CONNECT", ":authority": "good.test:443" });
			r.on("response", (h) => { r.close(); done(h[":status"]); });
		});
		return `${g} ${(await ask("/a")).status}`;
	},
	async fields() {
		const g = await ask("/fields", { head: { cookie: ["a=1", "b=2"], "x-case": "AbC", te: "trailers" } });
		const h = JSON.parse(g.body);
		return `${h.cookie} ${h["x-case"]} ${h.te} ${h[":authority"]} ${h[":scheme"]}`;
	},
	async slow() {
		const g = await ask("/slow");
		return g.body.trim();
	},
	// the host takes four at a time
	async four() {
		let n = 0;
		const one = async () => {
			for (let i = 0; i < 10; i++) {
				const g = await ask("/sum", { method: "POST", send: data.subarray(0, 100000) });
				n += g.body.startsWith("100000 ");
			}
		};
		await ask("/a");
		await Promise.all([one(), one(), one(), one()]);
		return `${n} of at most ${session.remoteSettings.maxConcurrentStreams}`;
	},
	async goaway() {
		const g = await ask("/a");
		await new Promise((r) => session.closed ? r() : session.on("close", r));
		return `${g.status} closed`;
	},
};
const name = process.argv[2];
cases[name]().then((text) => {
	if (!failed)
		console.log(text);
	session.destroy();
}).catch((e) => { console.log(e.stack); process.exit(1); });
