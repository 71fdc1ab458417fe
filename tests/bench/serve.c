/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.c - the server of the bench: serve ADDR, "ready" when all ports listen;
 * serve ADDR tcp has no port that somebody who is not root may not have.
 *
 * Bulk connections (sink, source) each get a child with blocking calls, as
 * the least code per byte, and so do those that order datagrams (dgram.h).  Echo connections, of which there may be 10,000,
 * and DNS questions are served by one epoll loop.  The DNS server is a toy:
 * every A question gets the same address, anything else an empty answer.
 */
#include "dgram.h"
#include "hello.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/mman.h>

static char chunk[LOAD_CHUNK];
static atomic_ullong *sunk; /* bytes all sinks took, of all processes */

/* The hello that some clients begin with goes unheard; false at the end. */
static bool skip_hello(int fd)
{
	uint8_t hello[HELLO_BYTES];

	return recv(fd, hello, 1, MSG_PEEK) == 1 &&
	       (hello[0] != HELLO_RECORD ||
		load_read_all(fd, hello, sizeof(hello)));
}

/*
 * Chunks whose first byte is 0, until one with a 1; then the count.  The end is
 * not told by a half-close: not every tool measured carries one.
 */
static void child_sink(int fd)
{
	uint64_t total = 0;
	size_t have = 0;
	ssize_t n;

	if (!skip_hello(fd))
		_exit(0);
	while ((n = read(fd, chunk + have, sizeof(chunk) - have)) > 0) {
		total += (uint64_t)n;
		atomic_fetch_add(sunk, (unsigned long long)n);
		have += (size_t)n;
		if (have < sizeof(chunk))
			continue;
		have = 0;
		if (chunk[0] == 0)
			continue;
		if (write(fd, &total, sizeof(total)) < 0)
			load_die("sink: answer");
	}
	_exit(0);
}

static void child_source(int fd)
{
	load_fill(chunk);
	while (write(fd, chunk, sizeof(chunk)) > 0)
		;
	_exit(0);
}

/* ---- datagrams ---- */

struct inbox {
	int orders, udp;
	struct dgram_seen seen;
	struct mmsghdr m[DGRAM_BATCH];
	struct iovec iov[DGRAM_BATCH];
	struct sockaddr_in from[DGRAM_BATCH];
	char control[DGRAM_BATCH][CMSG_SPACE(sizeof(struct in_pktinfo))];
	char bytes[DGRAM_BATCH][DGRAM_SIZE];
	/* the last one who was answered, and from which address */
	struct sockaddr_in peer;
	char peer_control[CMSG_SPACE(sizeof(struct in_pktinfo))];
	struct msghdr to_peer;
};

/* Answers come from the address that was asked, whichever that was. */
static void inbox_answer(struct inbox *in, int i)
{
	struct msghdr *to = &in->to_peer;
	struct iovec iov = { in->bytes[i], in->m[i].msg_len };
	struct in_pktinfo info;

	in->peer = in->from[i];
	memcpy(in->peer_control, in->control[i], sizeof(in->peer_control));
	*to = (struct msghdr){
		.msg_name = &in->peer,
		.msg_namelen = sizeof(in->peer),
		.msg_control = in->peer_control,
		.msg_controllen = sizeof(in->peer_control),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	memcpy(&info, CMSG_DATA(CMSG_FIRSTHDR(to)), sizeof(info));
	info.ipi_ifindex = 0;
	info.ipi_spec_dst = info.ipi_addr;
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(to)), &info, sizeof(info));
	(void)sendmsg(in->udp, to, 0);
	to->msg_iov = NULL;
	to->msg_iovlen = 0;
}

/* Whether anything came before patience ended. */
static bool inbox_take(struct inbox *in)
{
	int n;

	for (int i = 0; i < DGRAM_BATCH; i++) {
		in->m[i].msg_hdr.msg_namelen = sizeof(in->from[i]);
		in->m[i].msg_hdr.msg_controllen = sizeof(in->control[i]);
	}
	n = recvmmsg(in->udp, in->m, DGRAM_BATCH, MSG_WAITFORONE, NULL);
	for (int i = 0; i < n; i++) {
		if (in->m[i].msg_len == DGRAM_SIZE)
			dgram_see(&in->seen, in->bytes[i], DGRAM_SIZE);
		else
			inbox_answer(in, i);
	}
	return n > 0;
}

static struct dgram_reply obey(struct inbox *in, const struct dgram_order *o)
{
	if (o->kind == DGRAM_SEND)
		return dgram_send(in->udp, &in->to_peer, o);
	if (o->kind == DGRAM_TALLY)
		return (struct dgram_reply){ atomic_load(sunk), dgram_ns() };
	return (struct dgram_reply){ in->seen.probe == o->probe ? in->seen.count
								: 0,
				     dgram_ns() };
}

static void inbox_open(struct inbox *in)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	socklen_t len = sizeof(at);
	struct dgram_reply port = { 0 };
	int on = 1;

	in->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (in->udp < 0 ||
	    setsockopt(in->udp, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) < 0 ||
	    bind(in->udp, (struct sockaddr *)&at, sizeof(at)) < 0 ||
	    getsockname(in->udp, (struct sockaddr *)&at, &len) < 0)
		load_die("inbox");
	dgram_prepare(in->udp);
	for (int i = 0; i < DGRAM_BATCH; i++) {
		in->iov[i] = (struct iovec){ in->bytes[i], DGRAM_SIZE };
		in->m[i].msg_hdr = (struct msghdr){
			.msg_name = &in->from[i],
			.msg_control = in->control[i],
			.msg_iov = &in->iov[i],
			.msg_iovlen = 1,
		};
	}
	port.count = ntohs(at.sin_port);
	if (write(in->orders, &port, sizeof(port)) < 0)
		load_die("inbox: port");
}

static void child_orders(int fd)
{
	static struct inbox in;
	struct dgram_order o;
	struct dgram_reply r;
	ssize_t n;

	in.orders = fd;
	inbox_open(&in);
	do {
		while (inbox_take(&in))
			;
		n = recv(fd, &o, sizeof(o), MSG_DONTWAIT);
		if (n == (ssize_t)sizeof(o)) {
			r = obey(&in, &o);
			n = write(fd, &r, sizeof(r));
		}
	} while (n > 0 || (n < 0 && errno == EAGAIN));
	_exit(0);
}

/* ---- echoes and names ---- */

static void echo(int fd)
{
	ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Requests are at most a few KB: the socket takes the answer whole. */
	if (n <= 0 || write(fd, chunk, (size_t)n) != n)
		close(fd);
}

/* The length of header and question in @m, 0 if there is no whole question. */
static size_t question_end(const uint8_t *m, size_t len)
{
	size_t at = 12;

	while (at < len && m[at] != 0) {
		if (m[at] > 63)
			return 0;
		at += (size_t)m[at] + 1;
	}
	return at + 5 <= len ? at + 5 : 0;
}

static void answer(int fd)
{
	static const uint8_t a[] = { 0xc0, 12,   0, 1, 0,  1,   0,   0,
				     0x0e, 0x10, 0, 4, 93, 184, 216, 34 };
	uint8_t m[LOAD_DNS_MAX + sizeof(a)];
	struct sockaddr_in from;
	socklen_t fromlen = sizeof(from);
	ssize_t n = recvfrom(fd, m, LOAD_DNS_MAX, 0, (struct sockaddr *)&from,
			     &fromlen);
	size_t end = n < 12 ? 0 : question_end(m, (size_t)n);
	bool is_a = end != 0 && m[end - 4] == 0 && m[end - 3] == 1;

	if (end == 0)
		return;
	m[2] |= 0x80; /* an answer, RD as asked */
	m[3] = 0x80;  /* RA, NOERROR */
	memset(m + 4, 0, 8);
	m[5] = 1;
	m[7] = is_a ? 1 : 0;
	if (is_a) {
		memcpy(m + end, a, sizeof(a));
		end += sizeof(a);
	}
	(void)sendto(fd, m, end, 0, (struct sockaddr *)&from, fromlen);
}

static int watch(int epoll, int fd, uint32_t kind)
{
	struct epoll_event ev = {
		.events = EPOLLIN,
		.data.u64 = (uint64_t)kind << 32 | (uint32_t)fd,
	};

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &ev);
}

static int listen_on(const char *address, uint16_t port, int type)
{
	struct sockaddr_in at = load_address(address, port);
	int on = 1;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	if (fd < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0)
		load_die("bind");
	if (type != SOCK_DGRAM && listen(fd, 65535) < 0)
		load_die("listen");
	return fd;
}

enum {
	KIND_SINK,
	KIND_SOURCE,
	KIND_ORDERS,
	KIND_ECHO,
	KIND_DNS,
	KIND_CONNECTION,
};

static void welcome(int epoll, int listener, uint32_t kind)
{
	int on = 1;
	int fd =
		accept4(listener, NULL, NULL,
			SOCK_CLOEXEC | (kind == KIND_ECHO ? SOCK_NONBLOCK : 0));

	if (fd < 0)
		return;
	if (kind == KIND_ECHO) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		if (watch(epoll, fd, KIND_CONNECTION) == 0)
			return;
	} else if (fork() == 0) {
		if (kind == KIND_SINK)
			child_sink(fd);
		if (kind == KIND_ORDERS)
			child_orders(fd);
		child_source(fd);
	}
	close(fd);
}

static void open_ports(int epoll, const char *address, bool tcp_only)
{
	watch(epoll, listen_on(address, LOAD_PORT_ORDERS, SOCK_STREAM),
	      KIND_ORDERS);
	watch(epoll, listen_on(address, LOAD_PORT_SINK, SOCK_STREAM),
	      KIND_SINK);
	watch(epoll, listen_on(address, LOAD_PORT_SOURCE, SOCK_STREAM),
	      KIND_SOURCE);
	for (int i = 0; i < LOAD_ECHOES; i++)
		watch(epoll,
		      listen_on(address, (uint16_t)(LOAD_PORT_ECHO + i),
				SOCK_STREAM | SOCK_NONBLOCK),
		      KIND_ECHO);
	if (!tcp_only)
		watch(epoll, listen_on(address, 53, SOCK_DGRAM), KIND_DNS);
}

int main(int argc, char **argv)
{
	struct epoll_event ev[64];
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	bool tcp_only = argc == 3 && strcmp(argv[2], "tcp") == 0;

	if (argc != 2 && !tcp_only) {
		fputs("usage: serve ADDR [tcp]\n", stderr);
		return 2;
	}
	load_raise_files();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	sunk = mmap(NULL, sizeof(*sunk), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sunk == MAP_FAILED)
		load_die("memory");
	open_ports(epoll, argv[1], tcp_only);
	puts("ready");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll, ev, 64, -1);

		for (int i = 0; i < n; i++) {
			uint32_t kind = (uint32_t)(ev[i].data.u64 >> 32);
			int fd = (int)(uint32_t)ev[i].data.u64;

			if (kind == KIND_CONNECTION)
				echo(fd);
			else if (kind == KIND_DNS)
				answer(fd);
			else
				welcome(epoll, fd, kind);
		}
	}
}
