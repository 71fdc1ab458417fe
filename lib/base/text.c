/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.c - numbers and addresses to text and back, inside bounds
 *
 * Strict on purpose: a form that two programs read differently (octal or
 * short IPv4, leading zeroes, zones) is refused, because what Weir judged and
 * what the host would dial must be the same address.
 */
#include "base/text.h"

#include <string.h>

#include "base/must.h"

struct weir_text weir_text_over(char *mem, size_t room)
{
	weir_must(room);
	mem[0] = '\0';
	return (struct weir_text){ .start = mem, .left = room - 1 };
}

void weir_text_add_bytes(struct weir_text *t, const void *s, size_t len)
{
	if (t->bad || len > t->left) {
		t->bad = true;
		t->left = 0;
		return;
	}
	if (len)
		memcpy(t->start + t->len, s, len);
	t->len += len;
	t->left -= len;
	t->start[t->len] = '\0';
}

void weir_text_add(struct weir_text *t, const char *s)
{
	weir_text_add_bytes(t, s, strlen(s));
}

void weir_text_add_char(struct weir_text *t, char c)
{
	weir_text_add_bytes(t, &c, 1);
}

/* The number, right-aligned in 20 bytes; returns where it begins. */
static size_t digits_of(char to[20], uint64_t v, unsigned base)
{
	size_t at = 20;

	do {
		to[--at] = "0123456789abcdef"[v % base];
		v /= base;
	} while (v);
	return at;
}

void weir_text_add_u64(struct weir_text *t, uint64_t v)
{
	char b[20];
	size_t at = digits_of(b, v, 10);

	weir_text_add_bytes(t, b + at, sizeof(b) - at);
}

void weir_text_add_hex(struct weir_text *t, uint64_t v, unsigned digits)
{
	char b[20];
	size_t at = digits_of(b, v, 16);

	weir_must(digits <= 16);
	while (sizeof(b) - at < digits)
		b[--at] = '0';
	weir_text_add_bytes(t, b + at, sizeof(b) - at);
}

static unsigned group(const struct weir_addr *a, unsigned i)
{
	return (unsigned)a->b[2 * i] << 8 | a->b[2 * i + 1];
}

/* The first longest run of two or more zero groups (RFC 5952 4.2). */
static unsigned longest_zeroes(const struct weir_addr *a, unsigned *ret_len)
{
	unsigned best = 8, best_len = 1, len = 0;

	for (unsigned i = 0; i < 8; i++) {
		len = group(a, i) ? 0 : len + 1;
		if (len > best_len) {
			best_len = len;
			best = i + 1 - len;
		}
	}
	*ret_len = best_len;
	return best;
}

static void add_ip6(struct weir_text *t, const struct weir_addr *a)
{
	unsigned len, zeroes = longest_zeroes(a, &len);

	for (unsigned i = 0; i < 8;) {
		if (i == zeroes) {
			weir_text_add(t, "::");
			i += len;
			continue;
		}
		if (i && i != zeroes + len)
			weir_text_add_char(t, ':');
		weir_text_add_hex(t, group(a, i), 1);
		i++;
	}
}

static void add_ip4(struct weir_text *t, const struct weir_addr *a)
{
	for (unsigned i = 12; i < 16; i++) {
		if (i > 12)
			weir_text_add_char(t, '.');
		weir_text_add_u64(t, a->b[i]);
	}
}

/* Whole or not at all: built beside the text first. */
void weir_text_add_addr(struct weir_text *t, const struct weir_addr *a)
{
	char b[WEIR_TEXT_ADDR_BYTES];
	struct weir_text one = weir_text_over(b, sizeof(b));

	if (weir_addr_is4(a))
		add_ip4(&one, a);
	else
		add_ip6(&one, a);
	weir_text_add_bytes(t, b, one.len);
}

void weir_text_add_endpoint(struct weir_text *t, const struct weir_addr *a,
			    uint16_t port)
{
	char b[WEIR_TEXT_ENDPOINT_BYTES];
	struct weir_text one = weir_text_over(b, sizeof(b));
	bool brackets = !weir_addr_is4(a);

	if (brackets)
		weir_text_add_char(&one, '[');
	weir_text_add_addr(&one, a);
	weir_text_add(&one, brackets ? "]:" : ":");
	weir_text_add_u64(&one, port);
	weir_text_add_bytes(t, b, one.len);
}

void weir_text_add_mac(struct weir_text *t, const struct weir_mac *m)
{
	char b[WEIR_TEXT_MAC_BYTES];
	struct weir_text one = weir_text_over(b, sizeof(b));

	for (unsigned i = 0; i < 6; i++) {
		if (i)
			weir_text_add_char(&one, ':');
		weir_text_add_hex(&one, m->b[i], 2);
	}
	weir_text_add_bytes(t, b, one.len);
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '\\';
}

static size_t escaped_len(const uint8_t *p, size_t len, size_t enough)
{
	size_t need = 0;

	for (size_t i = 0; i < len && need <= enough; i++)
		need += is_plain(p[i]) ? 1 : p[i] == '\\' ? 2 : 4;
	return need;
}

void weir_text_add_escaped(struct weir_text *t, const void *s, size_t len)
{
	const uint8_t *p = s;

	if (t->bad || escaped_len(p, len, t->left) > t->left) {
		t->bad = true;
		t->left = 0;
		return;
	}
	for (size_t i = 0; i < len; i++) {
		if (is_plain(p[i])) {
			weir_text_add_char(t, (char)p[i]);
		} else if (p[i] == '\\') {
			weir_text_add(t, "\\\\");
		} else {
			weir_text_add(t, "\\x");
			weir_text_add_hex(t, p[i], 2);
		}
	}
}

bool weir_text_parse_u64(const char *s, size_t len, uint64_t max, uint64_t *ret)
{
	uint64_t v = 0;

	if (!len || (len > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned d = (unsigned)(unsigned char)s[i] - '0';

		if (d > 9 || v > max / 10 || d > max - v * 10)
			return false;
		v = v * 10 + d;
	}
	*ret = v;
	return true;
}

/* Four decimal numbers of 0 to 255 into to[0..3]. */
static bool parse_quad(const char *s, size_t len, uint8_t to[4])
{
	size_t from = 0;
	unsigned part = 0;

	for (size_t i = 0; i <= len; i++) {
		uint64_t v;

		if (i < len && s[i] != '.')
			continue;
		if (part == 4 ||
		    !weir_text_parse_u64(s + from, i - from, 255, &v))
			return false;
		to[part++] = (uint8_t)v;
		from = i + 1;
	}
	return part == 4;
}

bool weir_text_parse_ip4(const char *s, size_t len, struct weir_addr *ret)
{
	struct weir_addr a = { .b = { [10] = 0xff, [11] = 0xff } };

	if (!parse_quad(s, len, a.b + 12))
		return false;
	*ret = a;
	return true;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static bool parse_group(const char *s, size_t len, uint8_t to[2])
{
	unsigned v = 0;

	if (!len || len > 4)
		return false;
	for (size_t i = 0; i < len; i++) {
		int d = hex_value(s[i]);

		if (d < 0)
			return false;
		v = v << 4 | (unsigned)d;
	}
	to[0] = (uint8_t)(v >> 8);
	to[1] = (uint8_t)v;
	return true;
}

/*
 * Groups between single colons, of which the last may be a dotted quad if
 * @quad; at most @room bytes.  Empty text is no groups.  Returns bytes, -1 if
 * it is something else.
 */
static int parse_groups(const char *s, size_t len, bool quad, uint8_t *to,
			size_t room)
{
	size_t from = 0, done = 0;

	if (!len)
		return 0;
	for (size_t i = 0; i <= len; i++) {
		if (i < len && s[i] != ':')
			continue;
		if (room - done >= 2 &&
		    parse_group(s + from, i - from, to + done))
			done += 2;
		else if (quad && i == len && room - done >= 4 &&
			 parse_quad(s + from, i - from, to + done))
			done += 4;
		else
			return -1;
		from = i + 1;
	}
	return (int)done;
}

/* Where "::" begins, or @len. */
static size_t find_gap(const char *s, size_t len)
{
	for (size_t i = 0; i + 1 < len; i++)
		if (s[i] == ':' && s[i + 1] == ':')
			return i;
	return len;
}

bool weir_text_parse_ip6(const char *s, size_t len, struct weir_addr *ret)
{
	struct weir_addr a = { .b = { 0 } };
	uint8_t tail[16];
	size_t gap = find_gap(s, len);
	int head, rest;

	head = parse_groups(s, gap, gap == len, a.b, 16);
	if (gap == len) {
		if (head != 16)
			return false;
		*ret = a;
		return true;
	}
	if (head < 0 || head > 14) /* "::" is at least one group */
		return false;
	rest = parse_groups(s + gap + 2, len - gap - 2, true, tail,
			    14 - (size_t)head);
	if (rest < 0)
		return false;
	memcpy(a.b + 16 - rest, tail, (size_t)rest);
	*ret = a;
	return true;
}

bool weir_text_parse_addr(const char *s, size_t len, struct weir_addr *ret)
{
	return weir_text_parse_ip4(s, len, ret) ||
	       weir_text_parse_ip6(s, len, ret);
}

bool weir_text_parse_mac(const char *s, size_t len, struct weir_mac *ret)
{
	struct weir_mac m;

	if (len != WEIR_TEXT_MAC_BYTES - 1 || (s[2] != ':' && s[2] != '-'))
		return false;
	for (size_t i = 0; i < 6; i++) {
		int high = hex_value(s[3 * i]), low = hex_value(s[3 * i + 1]);

		if (high < 0 || low < 0 || (i && s[3 * i - 1] != s[2]))
			return false;
		m.b[i] = (uint8_t)(high << 4 | low);
	}
	*ret = m;
	return true;
}

bool weir_text_parse_cidr(const char *s, size_t len, struct weir_addr *ret_addr,
			  uint8_t *ret_bits)
{
	struct weir_addr a;
	size_t slash = 0;
	uint64_t bits;
	bool quad;

	while (slash < len && s[slash] != '/')
		slash++;
	if (slash == len)
		return false;
	quad = weir_text_parse_ip4(s, slash, &a);
	if (!quad && !weir_text_parse_ip6(s, slash, &a))
		return false;
	if (!weir_text_parse_u64(s + slash + 1, len - slash - 1,
				 quad ? 32 : 128, &bits))
		return false;
	*ret_addr = a;
	*ret_bits = (uint8_t)(quad ? bits + 96 : bits);
	return true;
}
