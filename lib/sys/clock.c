/* SPDX-License-Identifier: Apache-2.0 */
/* clock.c - the time, read in one place */
#include "sys/clock.h"

#include <time.h>

#include "base/must.h"

uint64_t weir_clock_now_ns(void)
{
	struct timespec t;

	weir_must(clock_gettime(CLOCK_MONOTONIC, &t) == 0);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t weir_clock_now_ms(void)
{
	return weir_clock_now_ns() / 1000000u;
}

uint64_t weir_clock_unix_us(void)
{
	struct timespec t = { .tv_sec = 0 };

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}
