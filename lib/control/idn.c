/* SPDX-License-Identifier: Apache-2.0 */
/* idn.c - what the world outside knows of names: U-labels, public suffixes */
#include "control/idn.h"

#include <idn2.h>
#include <libpsl.h>
#include <stdint.h>
#include <string.h>

/* The longest name has 253 letters; none needs more than four bytes, and what
 * is mapped to fewer is nobody's name. */
#define TEXT_MAX 1024u

void weir_idn_init(struct weir_idn *x)
{
	x->suffixes = NULL;
}

void weir_idn_fini(struct weir_idn *x)
{
	psl_free(x->suffixes);
	x->suffixes = NULL;
}

/*
 * Some letters become others: a fullwidth slash is a slash, a fullwidth digit
 * a digit.  So the result is looked at as if it had been written.
 */
static bool is_name(const char *s)
{
	struct weir_dns_name name;
	size_t len = strlen(s), last;

	if (len >= WEIR_PATTERN_TEXT_BYTES || !weir_pattern_name(s, len, &name))
		return false;
	/* what ends in a number is an address, or was meant to be one */
	if (s[len - 1] == '.')
		len--;
	for (last = len; last && s[last - 1] != '.';)
		last--;
	return strspn(s + last, "0123456789") < len - last;
}

static bool has_nul(const char *text, size_t len)
{
	return memchr(text, 0, len) != NULL;
}

bool weir_idn_to_ascii(void *ctx, const char *text, size_t len,
		       char ret[WEIR_PATTERN_TEXT_BYTES])
{
	char in[TEXT_MAX + 1], *out = NULL;
	bool ok;

	(void)ctx;
	if (len == 0 || len > TEXT_MAX || has_nul(text, len))
		return false;
	memcpy(in, text, len);
	in[len] = '\0';
	if (idn2_to_ascii_8z(in, &out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) !=
	    IDN2_OK)
		return false;
	ok = is_name(out);
	if (ok)
		memcpy(ret, out, strlen(out) + 1);
	idn2_free(out);
	return ok;
}

bool weir_idn_is_suffix(void *ctx, const char *name)
{
	struct weir_idn *x = ctx;

	if (!x->suffixes)
		x->suffixes = psl_latest(NULL);
	/* without any list a single label is one still */
	if (!x->suffixes)
		return !strchr(name, '.');
	return psl_is_public_suffix(x->suffixes, name) == 1;
}

bool weir_idn_name(const char *text, size_t len, struct weir_dns_name *ret)
{
	char ascii[WEIR_PATTERN_TEXT_BYTES];

	for (size_t i = 0; i < len; i++)
		if ((uint8_t)text[i] >= 0x80)
			return weir_idn_to_ascii(NULL, text, len, ascii) &&
			       weir_pattern_name(ascii, strlen(ascii), ret);
	return weir_pattern_name(text, len, ret);
}
