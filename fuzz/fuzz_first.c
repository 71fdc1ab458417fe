/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_first.c - any bytes may be the first of a client
 *
 * Input: how often PASS was said before, then the bytes.  They arrive one by
 * one: what is said once is said of more; what is open is BAD if no more comes.
 * The same bytes are looked at as those behind a first ClientHello.
 */
#include "flow/first.h"

#include "base/limits.h"
#include "base/rd.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check(const struct weir_first *f, enum weir_first_is is, size_t n)
{
	if (is == WEIR_FIRST_PASS)
		must(f->pass == 8 && n >= 8);
	if (is == WEIR_FIRST_HTTP)
		must(f->head.len <= n && f->has_name == f->head.has_host);
	if ((is == WEIR_FIRST_HTTP || is == WEIR_FIRST_TLS) && f->has_name)
		must(f->name.len > 1);
}

static void behind(const uint8_t *b, size_t len)
{
	enum weir_first_is is = WEIR_FIRST_MORE;
	struct weir_first f;

	for (size_t n = 0; n <= len; n += 1 + n / 8) {
		enum weir_first_is now = weir_first_look_again(b, n, false, &f);

		must(is == WEIR_FIRST_MORE || is == now);
		must(now != WEIR_FIRST_HTTP && now != WEIR_FIRST_OTHER);
		must(now != WEIR_FIRST_MORE || n < WEIR_FIRST_BYTES);
		if (now == WEIR_FIRST_PASS)
			must(f.pass >= 5 && b[0] != 22);
		if (now == WEIR_FIRST_TLS)
			must(f.pass <= n && b[0] == 22);
		is = now;
	}
}

/* Records that go together are those that would go one by one. */
static void together(const uint8_t *b, size_t len)
{
	const struct weir_span part = { (uint8_t *)(uintptr_t)b, len };
	enum weir_first_is all, is = WEIR_FIRST_PASS;
	struct weir_first f;
	uint32_t pass = 0;
	size_t at = 0;

	all = weir_first_records(&(struct weir_spans){ &part, 1, len }, &pass);
	while (is == WEIR_FIRST_PASS && at <= len) {
		is = weir_first_look_again(b + at, len - at, false, &f);
		if (is == WEIR_FIRST_PASS)
			at += f.pass;
	}
	must((all == WEIR_FIRST_PASS) == (at > 0));
	must(all != WEIR_FIRST_PASS || pass == at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_rd in = weir_rd_over(data, size);
	unsigned passed = weir_rd_u8(&in) % 4;
	enum weir_first_is is = WEIR_FIRST_MORE, last;
	struct weir_first f;

	for (size_t n = 0; n <= in.left; n += 1 + n / 8) {
		enum weir_first_is now =
			weir_first_look(in.at, n, passed, false, &f);

		must(is == WEIR_FIRST_MORE || is == now);
		must(now != WEIR_FIRST_MORE || n < WEIR_FIRST_BYTES);
		must(now != WEIR_FIRST_PASS || passed < 2);
		check(&f, now, n);
		last = weir_first_look(in.at, n, passed, true, &f);
		must(last != WEIR_FIRST_MORE);
		must(last == now ||
		     (now == WEIR_FIRST_MORE &&
		      last == (n ? WEIR_FIRST_BAD : WEIR_FIRST_OTHER)));
		is = now;
	}
	behind(in.at, in.left);
	together(in.at, in.left);
	return 0;
}
