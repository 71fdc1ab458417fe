/* SPDX-License-Identifier: Apache-2.0 */
#include "control/linger.h"

#include "../t.h"

static const char text[] = "sockets: used 12\n"
			   "TCP: inuse 5 orphan 1 tw 2 alloc 9 mem 3\n"
			   "UDP: inuse 7 mem 4\n"
			   "UDPLITE: inuse 0\n";

static void the_number_of_the_family_is_found(void **state)
{
	static const char six[] = "TCP6: inuse 18446744073709551615\n";

	(void)state;
	CHECK_EQ(weir_linger_parse(text, strlen(text), "TCP: inuse "), 5);
	CHECK_EQ(weir_linger_parse(text, strlen(text), "UDP: inuse "), 7);
	CHECK_EQ(weir_linger_parse(text, strlen(text), "TCP6: inuse "), 0);
	CHECK_EQ(weir_linger_parse(six, strlen(six), "TCP6: inuse "),
		 UINT64_MAX);
	CHECK_EQ(weir_linger_parse("XTCP: inuse 5\n", 14, "TCP: inuse "), 0);
	CHECK_EQ(weir_linger_parse("TCP: inuse -5\n", 14, "TCP: inuse "), 0);
}

static void every_truncation_is_survived(void **state)
{
	(void)state;
	for (size_t n = 0; n < strlen(text); n++) {
		char *cut = malloc(n ? n : 1); /* nothing lies behind it */
		uint64_t got;

		CHECK(cut);
		memcpy(cut, text, n);
		got = weir_linger_parse(cut, n, "TCP: inuse ");
		CHECK(got == 0 || got == 5);
		free(cut);
	}
}

static void this_machine_can_be_asked(void **state)
{
	(void)state;
	CHECK(weir_linger_sockets() < 10000000);
}

T_MAIN(T(the_number_of_the_family_is_found), T(every_truncation_is_survived),
       T(this_machine_can_be_asked))
