/* SPDX-License-Identifier: Apache-2.0 */
/*
 * t.h - cmocka, with the two checks and the one main that every test uses
 *
 *	static void a_sentence(void **state) { ... CHECK(x); CHECK_EQ(a, b); }
 *	T_MAIN(T(a_sentence), T(another))
 */
#ifndef T_H
#define T_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHECK(c) assert_true(c)
#define CHECK_EQ(a, b)                                                         \
	do {                                                                   \
		long long a_ = (long long)(a), b_ = (long long)(b);            \
		if (a_ != b_)                                                  \
			fail_msg("%s == %s  (%lld, %lld)", #a, #b, a_, b_);    \
	} while (0)
#define T(f) cmocka_unit_test(f)
#define T_MAIN(...)                                                            \
	int main(void)                                                         \
	{                                                                      \
		const struct CMUnitTest cases[] = { __VA_ARGS__ };             \
		return cmocka_run_group_tests(cases, NULL, NULL);              \
	}

#endif /* T_H */
