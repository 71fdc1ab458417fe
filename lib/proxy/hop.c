/* SPDX-License-Identifier: Apache-2.0 */
/* hop.c - the fields of a head that are for the next hop alone */
#include "proxy/hop.h"

#include "packet/field.h"

#define KEY_BYTES 24u /* 16 bytes in base64 */

static const char *const hop_fields[] = {
	"connection",
	"keep-alive",
	"proxy-connection",
	"proxy-authenticate",
	"proxy-authentication-info",
	"proxy-authorization",
	"te",
	"transfer-encoding",
	"upgrade",
	"http2-settings",
};

static bool read_connection(struct weir_rd list, struct weir_hop *h)
{
	if (weir_field_has_vital(list))
		return false;
	while (list.left) {
		struct weir_rd item = weir_field_item(&list);

		if (weir_field_is(item, "close"))
			h->close = true;
		else if (weir_field_is(item, "keep-alive"))
			h->keep_alive = true;
		else if (weir_field_is(item, "upgrade"))
			h->upgrade = true;
		else if (h->names++ == WEIR_HOP_NAMES_MAX)
			return false;
	}
	return true;
}

/* trailers;q=1 is not in the grammar (RFC 9110 10.1.4), and not welcome */
static void read_te(struct weir_rd list, struct weir_hop *h)
{
	h->trailers = h->trailers || weir_field_has(list, "trailers");
}

static void count(uint8_t *n)
{
	if (*n < UINT8_MAX)
		++*n;
}

static void read_upgrade(struct weir_rd list, struct weir_hop *h)
{
	while (list.left) {
		struct weir_rd item = weir_field_item(&list);

		count(&h->protocols);
		if (weir_field_is(item, "websocket"))
			h->websocket = true;
	}
}

static void read_websocket(struct weir_rd name, struct weir_rd value,
			   struct weir_hop *h)
{
	if (weir_field_is(name, "sec-websocket-key")) {
		count(&h->keys);
		h->key_fits = value.left == KEY_BYTES;
	} else if (weir_field_is(name, "sec-websocket-version")) {
		count(&h->versions);
		h->version_fits = weir_field_is(value, "13");
	} else if (weir_field_is(name, "sec-websocket-accept")) {
		count(&h->accepts);
	} else if (weir_field_is(name, "sec-websocket-extensions")) {
		count(&h->extensions);
	}
}

bool weir_hop_read(struct weir_rd fields, struct weir_hop *ret)
{
	struct weir_hop h = { .close = false };
	struct weir_rd name, value;

	while (weir_field_next(&fields, &name, &value) == WEIR_FIELD_HERE) {
		if (weir_field_is(name, "connection")) {
			if (!read_connection(value, &h))
				return false;
		} else if (weir_field_is(name, "te")) {
			read_te(value, &h);
		} else if (weir_field_is(name, "expect")) {
			h.expect = weir_field_is(value, "100-continue");
		} else if (weir_field_is(name, "upgrade")) {
			read_upgrade(value, &h);
		} else {
			read_websocket(name, value, &h);
		}
	}
	*ret = h;
	return true;
}

static bool is_named(struct weir_rd fields, struct weir_rd by)
{
	struct weir_rd name, value;

	while (weir_field_next(&fields, &name, &value) == WEIR_FIELD_HERE) {
		if (!weir_field_is(name, "connection"))
			continue;
		while (value.left) {
			struct weir_rd item = weir_field_item(&value);
			size_t i = 0;

			if (item.left != by.left)
				continue;
			while (i < by.left &&
			       (item.at[i] == by.at[i] ||
				((item.at[i] ^ by.at[i]) == 0x20 &&
				 (by.at[i] | 0x20) >= 'a' &&
				 (by.at[i] | 0x20) <= 'z')))
				i++;
			if (i == by.left)
				return true;
		}
	}
	return false;
}

bool weir_hop_has(const struct weir_hop *h, struct weir_rd fields,
		  struct weir_rd name)
{
	for (size_t i = 0; i < sizeof(hop_fields) / sizeof(hop_fields[0]);
	     i++) {
		if (weir_field_is(name, hop_fields[i]))
			return true;
	}
	return h->names && is_named(fields, name);
}

bool weir_hop_asks_websocket(const struct weir_hop *h)
{
	return h->upgrade && h->websocket && h->keys == 1 && h->key_fits &&
	       h->versions == 1 && h->version_fits;
}

bool weir_hop_gives_websocket(const struct weir_hop *h)
{
	return h->upgrade && h->websocket && h->protocols == 1 &&
	       h->accepts == 1 && h->extensions == 0;
}
