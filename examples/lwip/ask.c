/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c - questions and answers in datagrams, over lwIP: see ask.h */
#define _GNU_SOURCE
#include "ask.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lwip/sys.h>
#include <lwip/timeouts.h>
#include <lwip/udp.h>

#define TRIES     5u
#define EACH_MS   1000u
#define BYTES_MAX 65000u
#define DNS_PORT  53
#define ECHO_PORT 7
#define DNS_HEAD  12u
#define DNS_A     1u

struct ask {
	char name[128], wanted[64];
	struct udp_pcb *pcb;
	uint8_t *question;
	u16_t len;
	unsigned tries;
	u32_t begun_ms;
	bool is_name;
};

static unsigned left, failed;

unsigned ask_left(void)
{
	return left;
}

unsigned ask_failed(void)
{
	return failed;
}

static void send_it(void *arg);

/* @why: NULL: it went well */
static void finish(struct ask *a, const char *why)
{
	if (why) {
		failed++;
		printf("not ok - %s: %s\n", a->name, why);
	} else {
		printf("ok - %s\n", a->name);
	}
	printf("# %s: sent %u times, %u ms\n", a->name, a->tries,
	       (unsigned)(sys_now() - a->begun_ms));
	fflush(stdout);
	sys_untimeout(send_it, a);
	udp_remove(a->pcb);
	free(a->question);
	free(a);
	left--;
}

static void send_it(void *arg)
{
	struct ask *a = arg;
	struct pbuf *p;

	if (a->tries == TRIES) {
		finish(a, "no answer");
		return;
	}
	a->tries++;
	p = pbuf_alloc(PBUF_TRANSPORT, a->len, PBUF_RAM);
	if (p) {
		pbuf_take(p, a->question, a->len);
		udp_send(a->pcb, p); /* what is refused is lost: ask again */
		pbuf_free(p);
	}
	sys_timeout(EACH_MS, send_it, a);
}

/* --- names ------------------------------------------------------------------ */

static unsigned be16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

/* Past a name.  Return: where; 0: it does not end. */
static size_t past_name(const uint8_t *m, size_t at, size_t len)
{
	while (at < len && m[at]) {
		if (m[at] >= 0xc0)
			return at + 2 <= len ? at + 2 : 0;
		at += m[at] + 1u;
	}
	return at < len ? at + 1 : 0;
}

/* Is @wanted among the addresses of an answer? */
static bool has_address(const uint8_t *m, size_t len, const char *wanted)
{
	unsigned n = be16(m + 6), found = 0;
	size_t at = past_name(m, DNS_HEAD, len);
	ip4_addr_t a;
	char text[IP4ADDR_STRLEN_MAX];

	at = at ? at + 4 : len;
	while (n-- && at < len) {
		size_t k = past_name(m, at, len);

		if (!k || k + 10 > len || k + 10 + be16(m + k + 8) > len)
			return false;
		if (be16(m + k) == DNS_A && be16(m + k + 8) == 4) {
			memcpy(&a.addr, m + k + 10, 4);
			ip4addr_ntoa_r(&a, text, sizeof(text));
			found++;
			if (!strcmp(text, wanted))
				return true;
		}
		at = k + 10 + be16(m + k + 8);
	}
	return !found && !strcmp(wanted, "none");
}

/* A question for the IPv4 addresses of @host.  Return: its bytes; 0: none. */
static size_t write_question(uint8_t *m, size_t cap, const char *host)
{
	size_t at = DNS_HEAD;

	memset(m, 0, DNS_HEAD);
	m[0] = (uint8_t)rand();
	m[1] = (uint8_t)rand();
	m[2] = 1; /* recursion is desired */
	m[5] = 1; /* one question */
	while (*host) {
		size_t n = strcspn(host, ".");

		if (!n || n > 63 || at + n + 6 > cap)
			return 0;
		m[at] = (uint8_t)n;
		memcpy(m + at + 1, host, n);
		at += n + 1;
		host += n + (host[n] == '.');
	}
	memcpy(m + at, "\0\0\1\0\1", 5);
	return at + 5;
}

/* --- asking ----------------------------------------------------------------- */

static void on_answer(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		      const ip_addr_t *from, u16_t port)
{
	struct ask *a = arg;
	uint8_t m[512];
	const char *why = NULL;
	u16_t n;

	(void)pcb;
	(void)from;
	(void)port;
	if (a->is_name) {
		n = pbuf_copy_partial(p, m, sizeof(m), 0);
		if (n < DNS_HEAD || memcmp(m, a->question, 2))
			why = "that is no answer";
		else if (!has_address(m, n, a->wanted))
			why = "other addresses came";
	} else if (p->tot_len != a->len ||
		   pbuf_memcmp(p, 0, a->question, a->len)) {
		why = "other bytes came";
	}
	pbuf_free(p);
	finish(a, why);
}

static void ask(const char *name, const ip_addr_t *to, uint16_t port,
		uint8_t *question, size_t len, const char *wanted)
{
	struct ask *a = calloc(1, sizeof(*a));

	if (a)
		a->pcb = udp_new_ip_type(IP_GET_TYPE(to));
	if (!a || !a->pcb || !question || !len ||
	    udp_connect(a->pcb, to, port) != ERR_OK) {
		printf("not ok - %s: it cannot be asked\n", name);
		failed++;
		if (a && a->pcb)
			udp_remove(a->pcb);
		free(question);
		free(a);
		return;
	}
	snprintf(a->name, sizeof(a->name), "%s", name);
	a->is_name = wanted != NULL;
	snprintf(a->wanted, sizeof(a->wanted), "%s", wanted ? wanted : "");
	a->question = question;
	a->len = (u16_t)len;
	a->begun_ms = sys_now();
	left++;
	udp_recv(a->pcb, on_answer, a);
	send_it(a);
}

void ask_echo(const char *name, const ip_addr_t *to, uint16_t port,
	      unsigned bytes)
{
	uint8_t *m = bytes <= BYTES_MAX ? malloc(bytes + 1) : NULL;

	for (unsigned i = 0; m && i < bytes; i++)
		m[i] = (uint8_t)rand();
	ask(name, to, port, m, bytes, NULL);
}

void ask_name(const char *name, const ip_addr_t *to, const char *host,
	      const char *wanted)
{
	uint8_t *m = malloc(512);

	ask(name, to, DNS_PORT, m, m ? write_question(m, 512, host) : 0,
	    wanted);
}

/* --- answering -------------------------------------------------------------- */

static void echo(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		 const ip_addr_t *from, u16_t port)
{
	(void)arg;
	udp_sendto(pcb, p, from, port);
	pbuf_free(p);
}

/* The question as it is, and what follows it: one address, or none. */
static void tell(void *arg, struct udp_pcb *pcb, struct pbuf *p,
		 const ip_addr_t *from, u16_t port)
{
	static const uint8_t head[12] = { 0xc0, DNS_HEAD, 0, 1, 0, 1,
					  0,    0,        0, 1, 0, 4 };
	uint8_t m[512];
	size_t n = pbuf_copy_partial(p, m, sizeof(m) - 16, 0);
	size_t end = n > DNS_HEAD ? past_name(m, DNS_HEAD, n) : 0;
	struct pbuf *answer;

	pbuf_free(p);
	if (!end || end + 4 > n || m[2] & 0x80 || be16(m + 4) != 1)
		return;
	m[2] = 0x84 | (m[2] & 1); /* an answer, and ours to give */
	m[3] = 0;
	memset(m + 6, 0, 6); /* what was behind the question is gone */
	n = end + 4;
	if (be16(m + end) == DNS_A) {
		m[7] = 1;
		memcpy(m + n, head, 12);
		memcpy(m + n + 12, arg, 4);
		n += 16;
	}
	answer = pbuf_alloc(PBUF_TRANSPORT, (u16_t)n, PBUF_RAM);
	if (!answer)
		return;
	pbuf_take(answer, m, (u16_t)n);
	udp_sendto(pcb, answer, from, port);
	pbuf_free(answer);
}

static int serve(uint16_t port, udp_recv_fn fn, void *arg)
{
	struct udp_pcb *pcb = udp_new_ip_type(IPADDR_TYPE_ANY);

	if (!pcb)
		return -ENOMEM;
	if (udp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK) {
		udp_remove(pcb);
		return -EADDRINUSE;
	}
	udp_recv(pcb, fn, arg);
	return 0;
}

int answer_begin(const ip4_addr_t *every)
{
	static ip4_addr_t own;
	int err = serve(ECHO_PORT, echo, NULL);

	own = *every;
	return err ? err : serve(DNS_PORT, tell, &own);
}
