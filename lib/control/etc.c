/* SPDX-License-Identifier: Apache-2.0 */
/*
 * etc.c - the three files in /etc that say how names are found
 *
 * Names must be found through Weir and through nothing else.  nss-resolve,
 * nscd and mdns ask the host over unix sockets, so the `hosts:` line of
 * nsswitch.conf becomes `files dns`, whatever it was.
 */
#include "control/etc.h"

#include <string.h>

#include "base/text.h"

#define HOSTS_LINE "hosts: files dns\n"

static void build_resolv(const struct weir_charter *c,
			 const struct weir_resolvers *r, char *room)
{
	struct weir_text t = weir_text_over(room, WEIR_ETC_FILE_BYTES);

	weir_text_add(&t, "nameserver ");
	weir_text_add_addr(&t, &c->dns4);
	weir_text_add(&t, "\n");
	if (r->n_search) {
		weir_text_add(&t, "search");
		for (uint32_t i = 0; i < r->n_search; i++) {
			weir_text_add(&t, " ");
			weir_text_add(&t, r->search[i]);
		}
		weir_text_add(&t, "\n");
	}
	if (r->ndots) {
		weir_text_add(&t, "options ndots:");
		weir_text_add_u64(&t, r->ndots);
		weir_text_add(&t, "\n");
	}
}

static void build_hosts(const struct weir_charter *c, const char *hostname,
			char *room)
{
	struct weir_text t = weir_text_over(room, WEIR_ETC_FILE_BYTES);

	weir_text_add(&t, "127.0.0.1 localhost\n"
			  "::1 localhost ip6-localhost ip6-loopback\n");
	if (*hostname) {
		weir_text_add_addr(&t, &c->guest4);
		weir_text_add(&t, " ");
		weir_text_add_escaped(&t, hostname, strlen(hostname));
		weir_text_add(&t, "\n");
	}
}

static bool is_hosts_line(const char *at, const char *end)
{
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return end - at >= 6 && memcmp(at, "hosts:", 6) == 0;
}

static void build_nsswitch(const char *text, size_t len, char *room)
{
	struct weir_text t = weir_text_over(room, WEIR_ETC_FILE_BYTES);
	const char *at = text, *last = text + len;

	weir_text_add(&t, HOSTS_LINE);
	while (at < last) {
		const char *nl = memchr(at, '\n', (size_t)(last - at));
		const char *end = nl ? nl + 1 : last;

		if (!is_hosts_line(at, end))
			weir_text_add_bytes(&t, at, (size_t)(end - at));
		at = end;
	}
	/* too long for us: the line that matters is better than half a file */
	if (!weir_text_ok(&t)) {
		t = weir_text_over(room, WEIR_ETC_FILE_BYTES);
		weir_text_add(&t, HOSTS_LINE);
	}
}

void weir_etc_build(const struct weir_charter *c,
		    const struct weir_resolvers *r, const char *hostname,
		    const char *nsswitch, size_t len, struct weir_etc *ret)
{
	build_resolv(c, r, ret->resolv);
	build_hosts(c, hostname, ret->hosts);
	build_nsswitch(nsswitch, len, ret->nsswitch);
}
