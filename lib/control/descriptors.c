/* SPDX-License-Identifier: Apache-2.0 */
/* descriptors.c - which descriptors a process of Weir's has */
#include "control/descriptors.h"

#include <fcntl.h>
#include <unistd.h>

bool weir_descriptors_fill(void)
{
	for (int fd = 0; fd < 3; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	return true;
}

void weir_descriptors_close(const int *keep, uint32_t n)
{
	unsigned from = 3;

	/* few are kept: find the next one by looking */
	for (;;) {
		unsigned next = ~0u;

		for (uint32_t i = 0; i < n; i++)
			if (keep[i] >= 0 && (unsigned)keep[i] >= from &&
			    (unsigned)keep[i] < next)
				next = (unsigned)keep[i];
		if (next > from)
			(void)close_range(from, next - 1, 0);
		if (next == ~0u)
			return;
		from = next + 1;
	}
}
