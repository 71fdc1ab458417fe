/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hello.h - a TLS ClientHello that shows a name, as long as those of browsers.
 *
 * Nothing comes of it but that who is in between sees the name: serve takes it
 * as a request of so many bytes like others.
 */
#ifndef BENCH_HELLO_H
#define BENCH_HELLO_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	HELLO_BYTES = 517,   /* padded to this, RFC 7685 */
	HELLO_NAME_MAX = 64, /* so that there is room for it */
	HELLO_RECORD = 22,   /* its first byte */
};

static inline size_t hello_put16(uint8_t *to, size_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
	return 2;
}

/* Writes HELLO_BYTES; @name has HELLO_NAME_MAX characters at most. */
static inline void hello_write(uint8_t *to, const char *name)
{
	static const uint8_t versions[] = { 0, 43, 0, 3, 2, 3, 4 };
	size_t len = strlen(name), at = 0;

	memset(to, 0, HELLO_BYTES);
	to[at++] = HELLO_RECORD;
	at += hello_put16(to + at, 0x0301);
	at += hello_put16(to + at, HELLO_BYTES - 5);
	to[at++] = 1; /* ClientHello */
	to[at++] = 0;
	at += hello_put16(to + at, HELLO_BYTES - 9);
	at += hello_put16(to + at, 0x0303);
	memset(to + at, 0x5a, 32); /* random */
	at += 32;
	to[at++] = 0;                  /* no session */
	at += hello_put16(to + at, 2); /* one cipher suite */
	at += hello_put16(to + at, 0x1301);
	at += hello_put16(to + at, 0x0100); /* no compression */
	at += hello_put16(to + at, HELLO_BYTES - at - 2);
	at += hello_put16(to + at, 0); /* server_name */
	at += hello_put16(to + at, len + 5);
	at += hello_put16(to + at, len + 3);
	to[at++] = 0; /* host_name */
	at += hello_put16(to + at, len);
	memcpy(to + at, name, len);
	at += len;
	memcpy(to + at, versions, sizeof(versions));
	at += sizeof(versions);
	at += hello_put16(to + at, 21); /* padding */
	(void)hello_put16(to + at, HELLO_BYTES - at - 2);
}

#endif
