/* SPDX-License-Identifier: Apache-2.0 */
#include "control/digest.h"

#include "../t.h"

static char room[WEIR_DIGEST_BYTES];

static const char *digest(const struct weir_summary *s, uint64_t ms)
{
	struct weir_text t = weir_text_over(room, sizeof(room));

	weir_digest_build(s, ms, &t);
	CHECK(weir_text_ok(&t));
	return room;
}

static unsigned lines(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void a_quiet_run_is_four_lines(void **state)
{
	struct weir_summary s = { .frames_up = 0 };

	(void)state;
	CHECK_EQ(lines(digest(&s, 0)), 4);
	CHECK(strstr(room, "reasons") == NULL);
}

static void bytes_are_rounded_down_to_a_readable_unit(void **state)
{
	static const struct {
		uint64_t n;
		const char *text;
	} row[] = {
		{ 0, "tcp: 0 opened, 0 open at the end; 0 B up" },
		{ 999, "end; 999 B up" },
		{ 1000, "end; 1.0 KB up" },
		{ 1999, "end; 1.9 KB up" },
		{ 999999, "end; 999.9 KB up" },
		{ 1000000, "end; 1.0 MB up" },
		{ UINT64_MAX, "end; 18.4 EB up" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		struct weir_summary s = { .tcp_bytes_up = row[i].n };

		if (!strstr(digest(&s, 0), row[i].text))
			fail_msg("%s: %s", row[i].text, room);
	}
}

static void reasons_that_were_met_are_named(void **state)
{
	struct weir_summary s = { .frames_up = 1 };

	(void)state;
	s.reasons.count[WEIR_REASON_REFUSED] = 12;
	s.reasons.count[WEIR_REASON_CSUM] = 3;
	CHECK(strstr(digest(&s, 12345), "refused 12, csum 3\n") != NULL);
	CHECK(strstr(room, "12.3 s;") == room);
}

static void the_worst_run_is_twelve_lines_at_most(void **state)
{
	struct weir_summary s;

	(void)state;
	memset(&s, 0xff, sizeof(s));
	CHECK(lines(digest(&s, UINT64_MAX)) <= 12);
	CHECK(strstr(room, " more\n") != NULL);
}

T_MAIN(T(a_quiet_run_is_four_lines),
       T(bytes_are_rounded_down_to_a_readable_unit),
       T(reasons_that_were_met_are_named),
       T(the_worst_run_is_twelve_lines_at_most))
