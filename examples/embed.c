/* SPDX-License-Identifier: Apache-2.0 */
/*
 * embed.c - a network inside a program: what a VMM does, without the VM
 *
 *	cc embed.c $(pkg-config --cflags --libs weir) -o embed && ./embed
 *
 * The "guest" is forty lines of it: it asks for its gateway's MAC address, then
 * sends it an echo request, and waits for the answers.  Where this program
 * calls guest_...(), a VMM moves frames from and to its virtio queues.  Reads
 * the same for a C++ compiler.
 */
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <weir.h>

#define ETHERNET 14
#define IPV4     20

/* --- the guest ------------------------------------------------------------ */

struct guest {
	uint8_t mac[6], gateway_mac[6];
	struct weir_ip own, gateway;
	int knows_gateway, done;
};

static void put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static unsigned checksum(const uint8_t *at, unsigned len)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < len; i += 2)
		sum += (unsigned)at[i] << 8 | at[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* Who has the gateway's address?  Bytes of the frame. */
static size_t guest_asks(const struct guest *g, uint8_t *f)
{
	static const uint8_t head[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };

	memset(f, 0, 60);
	memset(f, 0xff, 6);
	memcpy(f + 6, g->mac, 6);
	put16(f + 12, 0x0806);
	memcpy(f + 14, head, 8);
	memcpy(f + 22, g->mac, 6);
	memcpy(f + 28, g->own.bytes, 4);
	memcpy(f + 38, g->gateway.bytes, 4);
	return 60;
}

/* An echo request of 32 bytes. */
static size_t guest_pings(const struct guest *g, uint8_t *f)
{
	uint8_t *ip = f + ETHERNET, *icmp = ip + IPV4;

	memset(f, 0, 74);
	memcpy(f, g->gateway_mac, 6);
	memcpy(f + 6, g->mac, 6);
	put16(f + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, 60);
	ip[8] = 64;
	ip[9] = 1;
	memcpy(ip + 12, g->own.bytes, 4);
	memcpy(ip + 16, g->gateway.bytes, 4);
	put16(ip + 10, checksum(ip, IPV4));
	icmp[0] = 8;
	put16(icmp + 4, 1);
	put16(icmp + 6, 1);
	put16(icmp + 2, checksum(icmp, 40));
	return 74;
}

/* A frame for the guest.  Bytes of its answer in @f; 0: it has none. */
static size_t guest_takes(struct guest *g, uint8_t *f, size_t len)
{
	unsigned type = len > ETHERNET ? (unsigned)f[12] << 8 | f[13] : 0;

	if (type == 0x0806 && len >= 42 && f[21] == 2 &&
	    !memcmp(f + 28, g->gateway.bytes, 4) && !g->knows_gateway) {
		memcpy(g->gateway_mac, f + 22, 6);
		g->knows_gateway = 1;
		printf("the gateway is at %02x:%02x:%02x:%02x:%02x:%02x\n",
		       f[22], f[23], f[24], f[25], f[26], f[27]);
		return guest_pings(g, f);
	}
	if (type == 0x0800 && len >= 42 && f[23] == 1 && f[34] == 0) {
		printf("and it answers\n");
		g->done = 1;
	}
	return 0;
}

/* --- the program that has it ---------------------------------------------- */

/* A frame of the guest; its virtio-net header, of zeroes, is before it. */
static int write_frame(struct weir_port *port, const uint8_t *buf, size_t len)
{
	struct pollfd p;
	int r;

	while ((r = weir_port_write_frame(port, WEIR_PORT_HEADER, buf,
					  WEIR_PORT_HEADER + len)) == -EAGAIN) {
		/* full: a VMM would stop taking from the guest's queue and
		 * go on with other things until this is readable */
		p.fd = weir_port_fd(port);
		p.events = POLLIN;
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return -errno;
	}
	return r;
}

/* Until the guest is done, or hears nothing for two seconds. */
static int serve(struct weir_port *port, struct guest *g)
{
	static uint8_t buf[WEIR_PORT_ROOM];
	uint8_t *frame = buf + WEIR_PORT_HEADER;
	struct pollfd p;
	size_t n;
	int r = write_frame(port, buf, guest_asks(g, frame));

	p.fd = weir_port_fd(port);
	p.events = POLLIN;
	while (r >= 0 && !g->done) {
		r = poll(&p, 1, 2000);
		if (r <= 0)
			return r < 0 && errno != EINTR ? -errno : -ETIMEDOUT;
		while ((r = weir_port_read_frame(port, buf, sizeof(buf))) > 0) {
			n = guest_takes(g, frame, (size_t)r - WEIR_PORT_HEADER);
			if (!n)
				continue;
			memset(buf, 0, WEIR_PORT_HEADER);
			r = write_frame(port, buf, n);
			if (r < 0)
				return r;
		}
		if (r == -EAGAIN)
			r = 0; /* nothing more: the next one wakes us */
	}
	return r < 0 ? r : 0;
}

int main(void)
{
	static const uint8_t mac[6] = { 2, 0, 0, 0, 0, 0x15 };
	static const char *const rules[] = { "allow tcp example.org:443" };
	struct weir_net_options options;
	struct weir_net_counts counts;
	struct weir_error why;
	struct weir_net *net;
	struct guest guest;
	int r;

	memset(&options, 0, sizeof(options));
	memset(&counts, 0, sizeof(counts));
	memset(&guest, 0, sizeof(guest));
	options.size = sizeof(options);
	options.rules = rules;
	options.n_rules = 1;
	memcpy(options.mac, mac, sizeof(mac));
	memcpy(guest.mac, mac, sizeof(mac));

	net = weir_net_new(&options, &why);
	if (!net) {
		fprintf(stderr, "embed: %s\n", why.text);
		return 1;
	}
	r = weir_net_guest(net, 4, &guest.own);
	if (!r)
		r = weir_net_gateway(net, 4, &guest.gateway);
	if (!r && weir_net_start(net, &why)) {
		fprintf(stderr, "embed: %s\n", why.text);
		weir_net_free(net);
		return 1;
	}
	if (!r)
		r = serve(weir_net_port(net), &guest);
	counts.size = sizeof(counts);
	if (!weir_net_counters(net, &counts))
		printf("%llu bytes up, %llu bytes down\n",
		       (unsigned long long)counts.bytes_up,
		       (unsigned long long)counts.bytes_down);
	if (r)
		fprintf(stderr, "embed: %s\n", strerror(-r));
	(void)weir_net_stop(net);
	weir_net_free(net);
	return r ? 1 : 0;
}
