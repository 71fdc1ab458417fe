/* SPDX-License-Identifier: Apache-2.0 */
/* jtext.c - any bytes as a string of JSON (RFC 8259 7), in ASCII */
#include "record/jtext.h"

static void add_u(struct weir_text *to, unsigned unit)
{
	weir_text_add(to, "\\u");
	weir_text_add_hex(to, unit, 4);
}

/*
 * The character at @p (RFC 3629: shortest form, no surrogates), of @left bytes.
 * Return: its length, 0 if there is none.
 */
static size_t decode(const uint8_t *p, size_t left, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c;

	if (n == 0 || n > left || p[0] >= 0xf8)
		return 0;
	c = p[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return 0;
	*ret = c;
	return n;
}

/* one character that is not plain; Return: its bytes */
static size_t add_odd(struct weir_text *to, const uint8_t *p, size_t left)
{
	uint32_t c;
	size_t n;

	if (p[0] == '"' || p[0] == '\\') {
		weir_text_add_char(to, '\\');
		weir_text_add_char(to, (char)p[0]);
		return 1;
	}
	if (p[0] < 0x80) {
		add_u(to, p[0]);
		return 1;
	}
	n = decode(p, left, &c);
	if (n == 0) {
		add_u(to, 0xfffd);
		return 1;
	}
	if (c >= 0x10000) {
		add_u(to, 0xd800 + ((c - 0x10000) >> 10));
		c = 0xdc00 + (c & 0x3ff);
	}
	add_u(to, c);
	return n;
}

static bool is_plain(uint8_t c)
{
	return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

void weir_jtext_add(struct weir_text *to, const void *s, size_t len)
{
	const uint8_t *p = s;
	size_t from = 0;

	weir_text_add_char(to, '"');
	for (size_t i = 0; i < len;) {
		if (is_plain(p[i])) {
			i++;
			continue;
		}
		weir_text_add_bytes(to, p + from, i - from);
		i += add_odd(to, p + i, len - i);
		from = i;
	}
	if (len > from)
		weir_text_add_bytes(to, p + from, len - from);
	weir_text_add_char(to, '"');
}
