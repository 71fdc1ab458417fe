/* SPDX-License-Identifier: Apache-2.0 */
#include "control/publish.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "sys/msg.h"

#include "../t.h"

static void a_spec_is_read_as_docker_reads_it(void **state)
{
	static const struct {
		const char *spec, *bind;
		uint16_t host, guest, n;
		bool udp;
	} row[] = {
		{ "80", "127.0.0.1", 0, 80, 1, false },
		{ "80/tcp", "127.0.0.1", 0, 80, 1, false },
		{ "53/udp", "127.0.0.1", 0, 53, 1, true },
		{ "53/UDP", "127.0.0.1", 0, 53, 1, true },
		{ "80-82", "127.0.0.1", 0, 80, 3, false },
		{ ":80", "127.0.0.1", 0, 80, 1, false },
		{ "0:80", "127.0.0.1", 0, 80, 1, false },
		{ "0:80-89", "127.0.0.1", 0, 80, 10, false },
		{ "8080:80", "127.0.0.1", 8080, 80, 1, false },
		{ "8080:80/udp", "127.0.0.1", 8080, 80, 1, true },
		{ "1-65535:1-65535", "127.0.0.1", 1, 1, 65535, false },
		{ "65535:65535", "127.0.0.1", 65535, 65535, 1, false },
		{ "8000-8009:80-89", "127.0.0.1", 8000, 80, 10, false },
		{ "8080-8080:80", "127.0.0.1", 8080, 80, 1, false },
		{ "0.0.0.0:8080:80", "0.0.0.0", 8080, 80, 1, false },
		{ "127.0.0.1::80", "127.0.0.1", 0, 80, 1, false },
		{ "192.0.2.1:0:80", "192.0.2.1", 0, 80, 1, false },
		{ "192.0.2.1:1-2:3-4/tcp", "192.0.2.1", 1, 3, 2, false },
		{ "[::1]:8080:80", "::1", 8080, 80, 1, false },
		{ "[::]:8080:80/udp", "::", 8080, 80, 1, true },
		{ "[2001:db8::1]::80", "2001:db8::1", 0, 80, 1, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		char why[WEIR_PUBLISH_WHY_BYTES] = "";
		struct weir_publish p;
		struct weir_addr want;

		CHECK(weir_text_parse_addr(row[i].bind, strlen(row[i].bind),
					   &want));
		if (!weir_publish_parse(row[i].spec, &p, why))
			fail_msg("%s: %s", row[i].spec, why);
		if (!weir_addr_is_equal(&p.bind, &want) ||
		    p.host != row[i].host || p.guest != row[i].guest ||
		    p.n != row[i].n || p.udp != row[i].udp)
			fail_msg("%s: something else was read", row[i].spec);
	}
}

static void what_is_not_a_spec_has_a_sentence(void **state)
{
	static const struct {
		const char *spec, *says; /* a part of it */
	} row[] = {
		{ "", "guest's port" },
		{ "0", "guest's port" },
		{ "x", "guest's port" },
		{ "65536", "guest's port" },
		{ "80-", "guest's port" },
		{ "-80", "guest's port" },
		{ "81-80", "guest's port" },
		{ "0-5", "guest's port" },
		{ "080", "guest's port" },
		{ "+80", "guest's port" },
		{ " 80", "guest's port" },
		{ "80 ", "guest's port" },
		{ "8080:", "guest's port" },
		{ "8080:0", "guest's port" },
		{ "65536:80", "host's port" },
		{ "5-3:1-3", "host's port" },
		{ "0-2:3-5", "host's port" },
		{ "x:80", "host's port" },
		{ "1-2:3", "equally long" },
		{ "1:3-4", "equally long" },
		{ "80/sctp", "sctp" },
		{ "8080:80/SCTP", "sctp" },
		{ "80/", "tcp or udp" },
		{ "80/tcpx", "tcp or udp" },
		{ "80/tcp/udp", "port" },
		{ "::80", "IPv4, or IPv6" },
		{ "::1:8080:80", "IPv4, or IPv6" },
		{ "fe80::1:8080:80", "IPv4, or IPv6" },
		{ "localhost:8080:80", "IPv4, or IPv6" },
		{ "1.2.3:8080:80", "IPv4, or IPv6" },
		{ "[127.0.0.1]:8080:80", "IPv4, or IPv6" },
		{ "[fe80::1%eth0]:8080:80", "IPv4, or IPv6" },
		{ "[]:8080:80", "IPv4, or IPv6" },
		{ "127.0.0.1:1:2:3", "brackets" },
		{ "[::1]:80", "GUESTPORT" },
		{ "[::1]", "GUESTPORT" },
		{ "[::1]80", "GUESTPORT" },
		{ "[::1:8080:80", "GUESTPORT" },
		{ "224.0.0.1:1:1", "multicast" },
		{ "[ff02::1]:1:1", "multicast" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_publish p = { .guest = 7 };
		char why[WEIR_PUBLISH_WHY_BYTES] = "";

		if (weir_publish_parse(row[i].spec, &p, why))
			fail_msg("'%s' was accepted", row[i].spec);
		if (!strstr(why, row[i].says))
			fail_msg("'%s': %s", row[i].spec, why);
		CHECK_EQ(p.guest, 7);
	}
}

/* a window of exactly those bytes: what is behind it is never looked at */
static void every_beginning_of_a_spec_is_read_or_refused(void **state)
{
	static const char *const row[] = { "[2001:db8::1]:8000-8009:80-89/udp",
					   "127.0.0.1:8000-8009:80-89/tcp" };

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++)
		for (size_t n = 0; n <= strlen(row[i]); n++) {
			char why[WEIR_PUBLISH_WHY_BYTES] = "";
			char *cut = strndup(row[i], n);
			struct weir_publish p;

			CHECK(weir_publish_parse(cut, &p, why) == !*why);
			free(cut);
		}
}

static struct weir_publish spec(const char *text)
{
	char why[WEIR_PUBLISH_WHY_BYTES];
	struct weir_publish p;

	CHECK(weir_publish_parse(text, &p, why));
	return p;
}

static void chosen_ports_are_known_afterwards(void **state)
{
	struct weir_publish_doors *d = calloc(1, sizeof(*d));
	struct weir_publish one = spec("80-81"), two = spec("53/udp");
	char why[WEIR_PUBLISH_WHY_BYTES], text[WEIR_PUBLISH_TEXT_BYTES];

	(void)state;
	CHECK(d);
	CHECK_EQ(weir_publish_open(&one, d, why), 0);
	CHECK_EQ(weir_publish_open(&two, d, why), 0);
	CHECK_EQ(d->n, 3);
	for (uint32_t i = 0; i < 3; i++) {
		CHECK(d->door[i].chosen && d->door[i].is.port);
		CHECK_EQ(d->door[i].is.id, i);
	}
	CHECK_EQ(d->door[1].is.guest_port, 81);
	CHECK(d->door[2].is.udp && !d->door[1].is.udp);
	d->door[1].is.port = 40001;
	weir_publish_text(&d->door[1].is, text);
	assert_string_equal(text, "127.0.0.1:40001 -> 81/tcp");
	memset(d->door[2].is.bind.b, 0xff, 16);
	d->door[2].is.port = 65535;
	d->door[2].is.guest_port = 65535;
	weir_publish_text(&d->door[2].is, text);
	assert_string_equal(text,
			    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 "
			    "-> 65535/udp");
	weir_publish_close(d);
	free(d);
}

static void a_port_that_is_taken_is_named(void **state)
{
	struct weir_publish_doors *d = calloc(1, sizeof(*d));
	struct weir_publish p = spec("80"), far = spec("192.0.2.1:0:80");
	char why[WEIR_PUBLISH_WHY_BYTES], port[16];

	(void)state;
	CHECK(d && weir_publish_open(&p, d, why) == 0);
	p.host = d->door[0].is.port;
	CHECK_EQ(weir_publish_open(&p, d, why), -EADDRINUSE);
	snprintf(port, sizeof(port), ":%u/tcp", p.host);
	CHECK(strstr(why, port) && strstr(why, "something else has it"));
	CHECK_EQ(weir_publish_open(&far, d, why), -EADDRNOTAVAIL);
	CHECK(strstr(why, "does not have that address"));
	CHECK_EQ(d->n, 1);
	d->n = d->sent = WEIR_DOORS_MAX;
	CHECK_EQ(weir_publish_open(&far, d, why), -ENOSPC);
	CHECK(strstr(why, "at most 1024"));
	close(d->door[0].fd);
	free(d);
}

static void the_soft_limit_of_descriptors_is_no_limit(void **state)
{
	struct weir_publish_doors *d = calloc(1, sizeof(*d));
	struct weir_publish p = spec("1-100");
	char why[WEIR_PUBLISH_WHY_BYTES];
	struct rlimit was, low;

	(void)state;
	CHECK(d && getrlimit(RLIMIT_NOFILE, &was) == 0);
	low = was;
	low.rlim_cur = 50;
	CHECK(setrlimit(RLIMIT_NOFILE, &low) == 0);
	CHECK_EQ(weir_publish_open(&p, d, why), -EMFILE);
	weir_publish_close(d);
	d->n = d->sent = 0;
	d->raise = true;
	CHECK_EQ(weir_publish_open(&p, d, why), 0);
	CHECK_EQ(d->n, 100);
	weir_publish_close(d);
	CHECK(setrlimit(RLIMIT_NOFILE, &was) == 0);
	free(d);
}

static void every_door_arrives_with_its_socket(void **state)
{
	struct weir_publish_doors *d = calloc(1, sizeof(*d));
	struct weir_publish p = spec("1-500");
	char why[WEIR_PUBLISH_WHY_BYTES];
	uint8_t room[WEIR_MSG_PACKET_BYTES];
	uint32_t got = 0;
	int pair[2], r;

	(void)state;
	CHECK(d && socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0,
			      pair) == 0);
	CHECK_EQ(weir_publish_open(&p, d, why), 0);
	do {
		struct weir_msg m;

		r = weir_publish_send(d, pair[0]);
		CHECK(r == 0 || r == -EAGAIN);
		while (weir_msg_receive(pair[1], room, sizeof(room), &m) == 1) {
			struct weir_charter_door door;

			CHECK_EQ(m.kind, WEIR_MSG_DOOR);
			CHECK(weir_charter_parse_door(&m.body, &door));
			CHECK_EQ(door.id, got);
			CHECK_EQ(door.guest_port, got + 1);
			CHECK_EQ(m.n_fds, 1);
			weir_msg_close_fds(&m);
			got++;
		}
	} while (r);
	CHECK_EQ(got, 500);
	CHECK_EQ(d->sent, 500);
	close(pair[1]);
	d->n++;
	d->door[500] =
		(struct weir_publish_door){ .is = { .port = 1 }, .fd = dup(0) };
	CHECK_EQ(weir_publish_send(d, pair[0]), -EPIPE);
	weir_publish_close(d);
	close(pair[0]);
	free(d);
}

T_MAIN(T(a_spec_is_read_as_docker_reads_it),
       T(what_is_not_a_spec_has_a_sentence),
       T(every_beginning_of_a_spec_is_read_or_refused),
       T(chosen_ports_are_known_afterwards), T(a_port_that_is_taken_is_named),
       T(the_soft_limit_of_descriptors_is_no_limit),
       T(every_door_arrives_with_its_socket))
