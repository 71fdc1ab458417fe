/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - the time, read in one place */
#ifndef WEIR_SYS_CLOCK_H
#define WEIR_SYS_CLOCK_H

#include <stdint.h>

/* the system calls of this room, where the vdso does not save them */
#define WEIR_CLOCK_CALLS(X) X(clock_gettime)

/** weir_clock_now_ns() - nanoseconds since some start; never goes back */
uint64_t weir_clock_now_ns(void);

/** weir_clock_now_ms() - the same in milliseconds */
uint64_t weir_clock_now_ms(void);

/** weir_clock_unix_us() - microseconds since 1970, for people; may go back */
uint64_t weir_clock_unix_us(void);

#endif /* WEIR_SYS_CLOCK_H */
