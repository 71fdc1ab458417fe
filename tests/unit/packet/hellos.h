/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hellos.h - ClientHellos: those of real clients, and some made by hand
 *
 * tests/data/hello/NAME holds what a real client sent, records and all.
 */
#ifndef HELLOS_H
#define HELLOS_H

#include "base/wr.h"

#include "../t.h"

#define HELLOS_ROOM 40000u

struct hellos_real {
	const char *file, *name; /* NULL: it shows none */
};

static const struct hellos_real hellos_real[] = {
	{ "openssl_tls13", "www.example.com" },
	{ "openssl_tls12", "www.example.com" },
	{ "openssl_tls10", "www.example.com" },
	{ "openssl_none", NULL },
	{ "curl", "api.github.com" },
	{ "git", "github.com" },
	{ "wget", "localhost" },
	{ "python", "pypi.org" },
	{ "python_address", NULL },
	{ "node", "registry.npmjs.org" },
	{ "java", "repo1.maven.org" },
};

#define HELLOS_REAL (sizeof(hellos_real) / sizeof(hellos_real[0]))

/* in this folder or one above it */
static inline size_t hellos_read(const char *file, uint8_t *to, size_t room)
{
	char path[512];
	FILE *f = NULL;
	size_t n;

	snprintf(path, sizeof(path), "tests/data/hello/%s", file);
	for (unsigned up = 0; up < 8 && !f; up++) {
		f = fopen(path, "rb");
		if (f)
			break;
		memmove(path + 3, path, strlen(path) + 1);
		memcpy(path, "../", 3);
	}
	if (!f)
		fail_msg("tests/data/hello/%s is not here", file);
	n = fread(to, 1, room, f);
	fclose(f);
	return n;
}

/* a message in records of at most @size bytes */
static inline size_t hellos_wrap(const uint8_t *msg, size_t len, size_t size,
				 uint8_t *to)
{
	struct weir_wr w = weir_wr_over(to, HELLOS_ROOM);

	for (size_t at = 0; at < len;) {
		size_t n = len - at < size ? len - at : size;

		weir_wr_u8(&w, 22);
		weir_wr_be16(&w, 0x0301);
		weir_wr_be16(&w, (uint16_t)n);
		weir_wr_copy(&w, msg + at, n);
		at += n;
	}
	CHECK(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

/* an extension */
static inline void hellos_put(struct weir_wr *w, uint16_t type,
			      const void *data, size_t len)
{
	weir_wr_be16(w, type);
	weir_wr_be16(w, (uint16_t)len);
	weir_wr_copy(w, data, len);
}

/* server_name with one host_name of any bytes */
static inline void hellos_put_name(struct weir_wr *w, const char *name,
				   size_t len)
{
	weir_wr_be16(w, 0);
	weir_wr_be16(w, (uint16_t)(len + 5));
	weir_wr_be16(w, (uint16_t)(len + 3));
	weir_wr_u8(w, 0);
	weir_wr_be16(w, (uint16_t)len);
	weir_wr_copy(w, name, len);
}

/* the message around @len bytes of extensions */
static inline size_t hellos_message(const uint8_t *ext, size_t len, uint8_t *to)
{
	static const uint8_t suites[] = { 0x3a, 0x3a, 0x13, 0x01, 0x13, 0x02 };
	struct weir_wr w = weir_wr_over(to, HELLOS_ROOM);

	weir_wr_u8(&w, 1);
	weir_wr_u8(&w, (uint8_t)((len + 79) >> 16));
	weir_wr_be16(&w, (uint16_t)(len + 79));
	weir_wr_be16(&w, 0x0303);
	weir_wr_fill(&w, 0xa5, 32);
	weir_wr_u8(&w, 32);
	weir_wr_fill(&w, 0x5a, 32);
	weir_wr_be16(&w, sizeof(suites));
	weir_wr_copy(&w, suites, sizeof(suites));
	weir_wr_u8(&w, 1);
	weir_wr_u8(&w, 0);
	weir_wr_be16(&w, (uint16_t)len);
	CHECK_EQ(weir_wr_len(&w), 4 + 79);
	weir_wr_copy(&w, ext, len);
	CHECK(weir_wr_ok(&w));
	return weir_wr_len(&w);
}

/* as browsers do: GREASE, ECH with the outer name, a large key share */
static inline size_t hellos_modern(const char *name, bool ech, uint8_t *to)
{
	static uint8_t ext[HELLOS_ROOM], data[2000];
	struct weir_wr w = weir_wr_over(ext, sizeof(ext));
	size_t n = 0;

	memset(data, 0x42, sizeof(data));
	hellos_put(&w, 0x0a0a, "", 0);
	hellos_put(&w, 51, data, 1263);
	if (ech) {
		data[0] = 0; /* outer */
		hellos_put(&w, 0xfe0d, data, 250);
	}
	if (name)
		hellos_put_name(&w, name, strlen(name));
	hellos_put(&w, 43, "\x06\x1a\x1a\x03\x04\x03\x03", 7);
	hellos_put(&w, 0xbaba, "\0", 1);
	n = weir_wr_len(&w);
	return hellos_message(ext, n, to);
}

#endif /* HELLOS_H */
