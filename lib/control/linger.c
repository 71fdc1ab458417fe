/* SPDX-License-Identifier: Apache-2.0 */
/* linger.c - what programs sent before they ended, and is still on its way */
#include "control/linger.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

uint64_t weir_linger_parse(const char *text, size_t len, const char *family)
{
	size_t n = strlen(family), digits = 0;
	const char *at = memmem(text, len, family, n);
	uint64_t v;

	if (!at || (at != text && at[-1] != '\n'))
		return 0;
	at += n;
	len -= (size_t)(at - text);
	while (digits < len && at[digits] >= '0' && at[digits] <= '9')
		digits++;
	return weir_text_parse_u64(at, digits, UINT64_MAX, &v) ? v : 0;
}

static uint64_t read_count(const char *path, const char *family)
{
	char text[512];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text));
	close(fd);
	return n > 0 ? weir_linger_parse(text, (size_t)n, family) : 0;
}

uint64_t weir_linger_sockets(void)
{
	return read_count("/proc/net/sockstat", "TCP: inuse ") +
	       read_count("/proc/net/sockstat6", "TCP6: inuse ");
}
