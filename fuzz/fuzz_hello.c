/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_hello.c - any bytes may be a ClientHello
 *
 * What is said of a part must hold for all of it, and a hello must be the same
 * in one record and in records of a byte each.  The same bytes as a server's
 * answer, beside a reader that puts its message together first.
 */
#include "packet/hello.h"

#include "base/limits.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_name(const struct weir_dns_name *n)
{
	struct weir_dns_name again = *n;
	char text[1100];

	must(n->len > 1);
	weir_dns_lower(&again, NULL);
	must(weir_dns_is_exact_name(n, &again));
	must(weir_dns_name_to_text(n, text, sizeof(text)) > 0);
	must(!strchr(text, '\\'));
	must(weir_hello_host_parse(text, strlen(text), &again) ==
	     WEIR_HELLO_HOST_NAME);
	must(weir_dns_is_exact_name(n, &again));
}

/* the fragments of the records, each byte in a record of its own */
static size_t split(struct weir_rd in, uint8_t *to)
{
	size_t n = 0;

	while (in.left) {
		struct weir_rd fragment;

		(void)weir_rd_take(&in, 3);
		fragment = weir_rd_sub(&in, weir_rd_be16(&in));
		for (; fragment.left; n += 6) {
			memcpy(to + n, "\x16\x03\x03\0\x01", 5);
			to[n + 5] = weir_rd_u8(&fragment);
		}
	}
	return n;
}

/* it says the same in records of a byte each */
static void check_whole(const uint8_t *data, size_t size,
			const struct weir_hello *h)
{
	struct weir_hello again;
	uint8_t *cut = malloc(size * 6);
	size_t n;

	must(cut);
	if (h->has_name)
		check_name(&h->name);
	n = split(weir_rd_over(data, size), cut);
	/* the last record may have been cut: then the rest was not needed */
	if (weir_hello_parse(cut, n, &again) == WEIR_HELLO_WHOLE) {
		must(again.has_name == h->has_name && again.ech == h->ech);
		must(!h->has_name ||
		     weir_dns_is_exact_name(&h->name, &again.name));
	} else {
		must(weir_hello_parse(cut, n, &again) == WEIR_HELLO_MORE);
	}
	free(cut);
}

/* What a server's bytes are, from the whole of them. */
static enum weir_hello_answer slow_answer(struct weir_rd in)
{
	static const uint8_t random[] = {
		0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11,
		0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
		0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e,
		0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
	};
	uint8_t m[6 + sizeof(random)];
	size_t n = 0;

	while (in.left && n < sizeof(m)) {
		uint8_t type = weir_rd_u8(&in);
		size_t len;

		if (type < 20 || type > 22)
			return WEIR_HELLO_ANSWER_OTHER;
		if (in.left && weir_rd_u8(&in) != 3)
			return WEIR_HELLO_ANSWER_OTHER;
		if (in.left < 3)
			break;
		(void)weir_rd_u8(&in);
		len = weir_rd_be16(&in);
		len = len < in.left ? len : in.left;
		for (; len; len--) {
			uint8_t b = weir_rd_u8(&in);

			if (type == 22 && n < sizeof(m))
				m[n++] = b;
		}
		if ((n > 0 && m[0] != 2) || (n > 4 && m[4] != 3) ||
		    (n > 5 && m[5] != 3) ||
		    (n > 6 && memcmp(m + 6, random, n - 6) != 0))
			return WEIR_HELLO_ANSWER_OTHER;
	}
	return n == sizeof(m) ? WEIR_HELLO_ANSWER_RETRY
			      : WEIR_HELLO_ANSWER_MORE;
}

static void check_answer(const uint8_t *data, size_t size)
{
	enum weir_hello_answer want = slow_answer(weir_rd_over(data, size));

	for (size_t cut = 0; cut <= size; cut += 1 + cut / 8) {
		struct weir_hello_heard heard = { 0 };
		enum weir_hello_answer got =
			weir_hello_answer(&heard, data, cut);

		if (got == WEIR_HELLO_ANSWER_MORE)
			got = weir_hello_answer(&heard, data + cut, size - cut);
		must(got == want);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_hello h, part;
	enum weir_hello_is is = weir_hello_parse(data, size, &h);
	struct weir_dns_name name;

	for (size_t k = 0; k < size; k += 1 + k / 8) {
		enum weir_hello_is got = weir_hello_parse(data, k, &part);

		must(got == WEIR_HELLO_MORE || got == is);
	}
	if (is == WEIR_HELLO_WHOLE)
		check_whole(data, size, &h);
	if (weir_hello_host_parse((const char *)data, size, &name) ==
	    WEIR_HELLO_HOST_NAME)
		check_name(&name);
	check_answer(data, size);
	return 0;
}
