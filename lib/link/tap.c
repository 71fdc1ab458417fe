/* SPDX-License-Identifier: Apache-2.0 */
/* tap.c - frames in and out of a TAP with a virtio-net header */
#include "link/tap.h"

#include <errno.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/must.h"

int weir_tap_receive(int fd, uint8_t *buf)
{
	ssize_t n;

	do
		n = read(fd, buf, WEIR_TAP_ROOM_BYTES);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return -EIO;
	return n < 0 ? -errno : (int)n;
}

int weir_tap_send(int fd, const struct weir_span *part, unsigned n)
{
	struct iovec v[WEIR_TAP_SPANS_MAX];
	ssize_t done;

	weir_must(n <= WEIR_TAP_SPANS_MAX);
	for (unsigned i = 0; i < n; i++)
		v[i] = (struct iovec){ part[i].at, part[i].len };
	do
		done = writev(fd, v, (int)n);
	while (done < 0 && errno == EINTR);
	return done < 0 ? -errno : 0;
}
