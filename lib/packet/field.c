/* SPDX-License-Identifier: Apache-2.0 */
/* field.c - lines and fields of an HTTP/1 message */
#include "packet/field.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

bool weir_field_is_token(uint8_t c)
{
	static const char others[] = "!#$%&'*+-.^_`|~";

	return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') ||
	       memchr(others, c, sizeof(others) - 1);
}

bool weir_field_is(struct weir_rd w, const char *word)
{
	size_t len = strlen(word);

	if (w.left != len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (lower(w.at[i]) != (uint8_t)word[i])
			return false;
	}
	return true;
}

struct weir_rd weir_field_before(struct weir_rd *in, uint8_t c)
{
	const uint8_t *at = in->left ? memchr(in->at, c, in->left) : NULL;
	struct weir_rd ret =
		weir_rd_sub(in, at ? (size_t)(at - in->at) : in->left);

	if (at)
		(void)weir_rd_u8(in);
	return ret;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

struct weir_rd weir_field_trim(struct weir_rd w)
{
	while (w.left && is_blank(w.at[0]))
		(void)weir_rd_u8(&w);
	while (w.left && is_blank(w.at[w.left - 1]))
		w.left--;
	return w;
}

struct weir_rd weir_field_item(struct weir_rd *list)
{
	return weir_field_trim(weir_field_before(list, ','));
}

enum weir_field_is weir_field_line(struct weir_rd *in, struct weir_rd *ret)
{
	if (!in->left || !memchr(in->at, '\n', in->left))
		return WEIR_FIELD_MORE;
	*ret = weir_field_before(in, '\n');
	if (ret->left == 0 || ret->at[ret->left - 1] != '\r')
		return WEIR_FIELD_BAD;
	ret->left--;
	return WEIR_FIELD_HERE;
}

/* name ":" value; a folded line begins with no name */
static bool split(struct weir_rd line, struct weir_rd *ret_name,
		  struct weir_rd *ret_value)
{
	struct weir_rd name;

	if (!memchr(line.at, ':', line.left))
		return false;
	name = weir_field_before(&line, ':');
	for (size_t i = 0; i < name.left; i++) {
		if (!weir_field_is_token(name.at[i]))
			return false;
	}
	for (size_t i = 0; i < line.left; i++) {
		uint8_t c = line.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	*ret_name = name;
	*ret_value = weir_field_trim(line);
	return name.left > 0;
}

enum weir_field_is weir_field_next(struct weir_rd *in, struct weir_rd *name,
				   struct weir_rd *value)
{
	struct weir_rd line;
	enum weir_field_is is = weir_field_line(in, &line);

	if (is != WEIR_FIELD_HERE)
		return is;
	if (line.left == 0)
		return WEIR_FIELD_END;
	return split(line, name, value) ? WEIR_FIELD_HERE : WEIR_FIELD_BAD;
}

bool weir_field_is_vital(struct weir_rd name)
{
	return weir_field_is(name, "host") ||
	       weir_field_is(name, "content-length") ||
	       weir_field_is(name, "transfer-encoding");
}

bool weir_field_is_disguised(struct weir_rd name)
{
	return weir_field_is(name, "content_length") ||
	       weir_field_is(name, "transfer_encoding");
}

bool weir_field_has_vital(struct weir_rd list)
{
	while (list.left) {
		if (weir_field_is_vital(weir_field_item(&list)))
			return true;
	}
	return false;
}

bool weir_field_has(struct weir_rd list, const char *word)
{
	while (list.left) {
		if (weir_field_is(weir_field_item(&list), word))
			return true;
	}
	return false;
}
