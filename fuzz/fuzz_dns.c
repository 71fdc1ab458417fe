/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_dns.c - any bytes may be a DNS message
 *
 * It is walked, and written again as the forwarder does; what was written must
 * read back as the same records.
 */
#include "packet/dns.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_name(const struct weir_dns_name *n)
{
	struct weir_dns_name back, low = *n;
	uint8_t upper[WEIR_DNS_CASE_BYTES];
	char text[1100];
	unsigned at = 0;

	while (n->b[at]) {
		must(n->b[at] <= WEIR_DNS_LABEL_MAX_BYTES);
		at += n->b[at] + 1u;
		must(at < n->len);
	}
	must(at + 1 == n->len);
	must(weir_dns_name_to_text(n, text, sizeof(text)) > 0);
	weir_dns_lower(&low, upper);
	must(weir_dns_is_same_name(n, &low) && weir_dns_is_below(n, &low));
	weir_dns_raise(&low, upper);
	must(weir_dns_is_exact_name(n, &low));
	if (!strchr(text, '\\')) {
		must(weir_dns_name_from_text(text, strlen(text), &back));
		must(weir_dns_is_exact_name(n, &back));
	}
}

/* write all records again; how many were good */
static unsigned write_again(struct weir_dns_walk w, struct weir_dns_build *b)
{
	struct weir_dns_record r;
	unsigned n = 0;

	while (weir_dns_parse_record(&w, &r) == WEIR_DNS_RECORD) {
		if (weir_dns_build_again(b, &w, &r))
			n++;
	}
	return n;
}

static void look(struct weir_dns_walk w)
{
	struct weir_dns_record r;
	struct weir_dns_edns e;
	struct weir_addr a;

	while (weir_dns_parse_record(&w, &r) == WEIR_DNS_RECORD) {
		check_name(&r.owner);
		must(r.data.left == 0 ||
		     (r.data.at >= w.msg &&
		      r.data.at + r.data.left <= w.msg + w.len));
		(void)weir_dns_parse_opt(&r, &e);
		if (weir_dns_parse_address(&r, &a)) {
			struct weir_dns_name n;

			weir_dns_name_of_address(&a, &n);
			check_name(&n);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t once[65535], twice[65535];
	struct weir_dns_walk w, again;
	struct weir_dns_question q;
	struct weir_dns_build b;
	unsigned n;
	size_t len;

	if (!weir_dns_walk_open(data, size, &w))
		return 0;
	look(w);
	if (!weir_dns_parse_question(&w, &q))
		return 0;
	check_name(&q.name);
	weir_dns_build_open(&b, once, sizeof(once), 1, 2, &q);
	n = write_again(w, &b);
	len = weir_dns_build_close(&b);
	if (!len)
		return 0;
	must(weir_dns_walk_open(once, len, &again));
	must(weir_dns_parse_question(&again, &q));
	weir_dns_build_open(&b, twice, sizeof(twice), 1, 2, &q);
	must(write_again(again, &b) == n); /* all of it is good now */
	must(weir_dns_build_close(&b) == len);
	return 0;
}
