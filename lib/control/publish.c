/* SPDX-License-Identifier: Apache-2.0 */
/* publish.c - published ports: what was asked for, and the sockets for it */
#include "control/publish.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/listener.h"
#include "sys/msg.h"

#define FORM "it is [[BIND:]HOSTPORT[-END]:]GUESTPORT[-END][/tcp|udp]"

/** struct range - PORT or PORT-END; @n 0: nothing was written */
struct range {
	uint16_t first, n;
};

static bool refuse(char *why, const char *sentence)
{
	snprintf(why, WEIR_PUBLISH_WHY_BYTES, "%s", sentence);
	return false;
}

static bool parse_range(const char *at, size_t len, struct range *ret)
{
	const char *dash = memchr(at, '-', len);
	size_t n = dash ? (size_t)(dash - at) : len;
	uint64_t first, last;

	*ret = (struct range){ 0, 0 };
	if (len == 0)
		return true;
	if (!weir_text_parse_u64(at, n, 65535, &first))
		return false;
	last = first;
	if (dash && !weir_text_parse_u64(dash + 1, len - n - 1, 65535, &last))
		return false;
	if (last < first || (first == 0 && last != 0))
		return false;
	*ret = (struct range){ (uint16_t)first, (uint16_t)(last - first + 1) };
	return true;
}

/* /tcp, /udp or nothing; *@len becomes what stands before it */
static bool parse_protocol(const char *spec, size_t *len, bool *ret_udp,
			   char *why)
{
	const char *slash = strrchr(spec, '/');

	*len = slash ? (size_t)(slash - spec) : strlen(spec);
	*ret_udp = slash && strcasecmp(slash, "/udp") == 0;
	if (!slash || *ret_udp || strcasecmp(slash, "/tcp") == 0)
		return true;
	if (strcasecmp(slash, "/sctp") == 0)
		return refuse(why, "sctp is not carried, only tcp and udp");
	return refuse(why, "the protocol is tcp or udp");
}

static bool can_be_bound(const struct weir_addr *a)
{
	return weir_addr_is4(a) ? a->b[12] < 224 : a->b[0] != 0xff;
}

/* what stands before HOSTPORT; *@at and *@len become what stands after it */
static bool parse_bind(const char **at, size_t *len, struct weir_addr *ret,
		       char *why)
{
	const char *end, *text = *at, *colon = memchr(*at, ':', *len);
	size_t n = colon ? (size_t)(colon - *at) : *len;
	bool found;

	*ret = weir_addr_from4(0x7f000001);
	if (*len && *text == '[') {
		end = memchr(text, ']', *len);
		n = end ? (size_t)(end - text) + 1 : 0;
		if (n == 0 || n == *len || text[n] != ':')
			return refuse(why, FORM);
		found = weir_text_parse_ip6(text + 1, n - 2, ret);
	} else if (colon && memchr(colon + 1, ':', *len - n - 1)) {
		found = weir_text_parse_ip4(text, n, ret);
	} else {
		return true;
	}
	if (!found)
		return refuse(why, "the address to bind is IPv4, or IPv6 in "
				   "brackets, for example "
				   "127.0.0.1:8080:80 or [::1]:8080:80");
	if (!can_be_bound(ret))
		return refuse(why, "a multicast address cannot be bound");
	*at += n + 1;
	*len -= n + 1;
	if (!memchr(*at, ':', *len))
		return refuse(why, "after the address there is a port of the "
				   "host, or nothing, and a colon: " FORM);
	return true;
}

bool weir_publish_parse(const char *spec, struct weir_publish *ret,
			char why[WEIR_PUBLISH_WHY_BYTES])
{
	struct weir_publish p = { .udp = false };
	struct range host = { 0, 0 }, guest;
	const char *at = spec, *colon;
	size_t len;

	if (!parse_protocol(spec, &len, &p.udp, why) ||
	    !parse_bind(&at, &len, &p.bind, why))
		return false;
	colon = memchr(at, ':', len);
	if (colon) {
		size_t n = (size_t)(colon - at);

		if (memchr(colon + 1, ':', len - n - 1))
			return refuse(why, "an IPv6 address stands in "
					   "brackets, for example "
					   "[::1]:8080:80");
		if (!parse_range(at, n, &host))
			return refuse(why, "the host's port is 1 to 65535, a "
					   "range of them, or 0 or nothing to "
					   "have one chosen");
		at = colon + 1;
		len -= n + 1;
	}
	if (!parse_range(at, len, &guest) || guest.first == 0)
		return refuse(why, "the guest's port is 1 to 65535, or a range "
				   "of them");
	if (host.first && host.n != guest.n)
		return refuse(why, "the two ranges are not equally long");
	p.host = host.first;
	p.guest = guest.first;
	p.n = guest.n;
	*ret = p;
	return true;
}

/* one more: soft limits are low (1024) for the sake of select(2) */
static bool raise_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur == r.rlim_max)
		return false;
	r.rlim_cur = r.rlim_max;
	return setrlimit(RLIMIT_NOFILE, &r) == 0;
}

static void explain(const struct weir_publish *p, uint16_t port, int error,
		    char *why)
{
	char room[WEIR_TEXT_ENDPOINT_BYTES];
	struct weir_text t = weir_text_over(room, sizeof(room));
	const char *protocol = p->udp ? "udp" : "tcp";

	weir_text_add_endpoint(&t, &p->bind, port);
	if (error == -EADDRINUSE && port)
		snprintf(why, WEIR_PUBLISH_WHY_BYTES,
			 "%s/%s cannot be published: something else has it; "
			 "name another port, or 0 to have one chosen",
			 room, protocol);
	else if (error == -EACCES || error == -EPERM)
		snprintf(why, WEIR_PUBLISH_WHY_BYTES,
			 "%s/%s cannot be published: this user may not have "
			 "it; name a port from 1024 on, or as root: sysctl -w "
			 "net.ipv4.ip_unprivileged_port_start=%u",
			 room, protocol, port);
	else if (error == -EADDRNOTAVAIL || error == -EAFNOSUPPORT)
		snprintf(why, WEIR_PUBLISH_WHY_BYTES,
			 "%s/%s cannot be published: this machine does not "
			 "have that address; name one of its own, see ip "
			 "address",
			 room, protocol);
	else if (error == -EMFILE || error == -ENFILE)
		snprintf(why, WEIR_PUBLISH_WHY_BYTES,
			 "%s/%s cannot be published: there are not enough "
			 "descriptors; publish less, or raise ulimit -n",
			 room, protocol);
	else
		snprintf(why, WEIR_PUBLISH_WHY_BYTES,
			 "%s/%s cannot be published: %s", room, protocol,
			 strerror(-error));
}

/* The @i-th port of a SPEC becomes door @at.  Return: 0 or a negative errno. */
static int bind_one(const struct weir_publish *p, uint16_t i,
		    struct weir_publish_doors *d, uint32_t at, char *why)
{
	uint16_t port = p->host ? (uint16_t)(p->host + i) : 0;
	int fd;

	if (at == WEIR_DOORS_MAX) {
		snprintf(why, WEIR_PUBLISH_WHY_BYTES,
			 "at most %u ports can be published", WEIR_DOORS_MAX);
		return -ENOSPC;
	}
	fd = weir_listener_open(p->udp, &p->bind, port);
	if (fd == -EMFILE && d->raise && raise_limit())
		fd = weir_listener_open(p->udp, &p->bind, port);
	if (fd < 0) {
		explain(p, port, fd, why);
		return fd;
	}
	d->door[at] = (struct weir_publish_door){
		.is = { .id = at,
			.udp = p->udp,
			.bind = p->bind,
			.port = weir_listener_port(fd),
			.guest_port = (uint16_t)(p->guest + i) },
		.fd = fd,
		.chosen = port == 0,
	};
	return 0;
}

int weir_publish_open(const struct weir_publish *p,
		      struct weir_publish_doors *d,
		      char why[WEIR_PUBLISH_WHY_BYTES])
{
	for (uint16_t i = 0; i < p->n; i++) {
		int r = bind_one(p, i, d, d->n, why);

		if (r)
			return r;
		d->n++;
	}
	return 0;
}

static int send_door(const struct weir_publish_doors *d,
		     const struct weir_publish_door *door, int sock)
{
	uint8_t body[64];
	struct weir_wr w = weir_wr_over(body, sizeof(body));
	int r;

	weir_charter_build_door(&door->is, &w);
	if (d->inside)
		return weir_msg_hand(sock, WEIR_MSG_DOOR, body, weir_wr_len(&w),
				     door->fd);
	r = weir_msg_send(sock, WEIR_MSG_DOOR, body, weir_wr_len(&w), &door->fd,
			  1);
	return r == -ETOOMANYREFS ? -EAGAIN : r; /* so many are on their way */
}

int weir_publish_send(struct weir_publish_doors *d, int sock)
{
	while (d->sent < d->n) {
		int r = send_door(d, &d->door[d->sent], sock);

		if (r)
			return r;
		d->sent++;
	}
	return 0;
}

int weir_publish_add(const struct weir_publish *p, struct weir_publish_doors *d,
		     int sock, char why[WEIR_PUBLISH_WHY_BYTES])
{
	struct weir_publish_door *door;
	uint32_t at = 0;
	int r;

	while (at < d->n && !d->door[at].gone)
		at++;
	r = bind_one(p, 0, d, at, why);
	if (r)
		return r;
	door = &d->door[at];
	r = send_door(d, door, sock);
	close(door->fd); /* the engine has it, or nobody shall */
	door->fd = -1;
	door->gone = r != 0;
	if (at == d->n && r == 0)
		d->sent = ++d->n;
	if (r)
		snprintf(why, WEIR_PUBLISH_WHY_BYTES,
			 "the port cannot be handed over: %s", strerror(-r));
	return r ? r : (int)at;
}

int weir_publish_remove(struct weir_publish_doors *d, uint32_t id, int sock)
{
	uint8_t body[4];
	struct weir_wr w = weir_wr_over(body, sizeof(body));

	int r;

	if (id >= d->n || d->door[id].gone)
		return -ENOENT;
	weir_wr_be32(&w, id);
	r = weir_msg_send(sock, WEIR_MSG_UNDOOR, body, sizeof(body), NULL, 0);
	if (r)
		return r;
	d->door[id].gone = true;
	if (d->door[id].fd >= 0)
		close(d->door[id].fd);
	d->door[id].fd = -1;
	return 0;
}

void weir_publish_close(struct weir_publish_doors *d)
{
	for (uint32_t i = 0; i < d->n; i++) {
		if (d->door[i].fd >= 0)
			close(d->door[i].fd);
		d->door[i].fd = -1;
	}
	d->sent = d->n;
}

void weir_publish_text(const struct weir_charter_door *d,
		       char text[WEIR_PUBLISH_TEXT_BYTES])
{
	struct weir_text t = weir_text_over(text, WEIR_PUBLISH_TEXT_BYTES);

	weir_text_add_endpoint(&t, &d->bind, d->port);
	weir_text_add(&t, " -> ");
	weir_text_add_u64(&t, d->guest_port);
	weir_text_add(&t, d->udp ? "/udp" : "/tcp");
}
