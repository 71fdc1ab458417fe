/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_head.c - any bytes may be the head of an HTTP/1 request
 *
 * What is said of a part must hold for all of it; a head is whole with its last
 * byte and not before; its windows lie inside.  The bytes are read as trailers
 * too.
 */
#include "packet/head.h"

#include "base/limits.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_window(const struct weir_head *h, const uint8_t *data,
			 const char *at, size_t len)
{
	must(at != NULL);
	if (len == 0 || (len == 1 && *at == '/'))
		return; /* may be a constant */
	must(at >= (const char *)data &&
	     at + len <= (const char *)data + h->len);
}

static void check_whole(const uint8_t *data, size_t size,
			const struct weir_head *h)
{
	struct weir_head again;
	struct weir_dns_name low = h->host;

	must(h->len >= 16 && h->len <= size && h->len <= WEIR_FIRST_BYTES);
	must(weir_head_parse(data, h->len, &again) == WEIR_HEAD_WHOLE);
	must(weir_head_parse(data, h->len - 1, &again) == WEIR_HEAD_MORE);
	must(memcmp(data + h->len - 4, "\r\n\r\n", 4) == 0);
	check_window(h, data, h->method, h->method_len);
	check_window(h, data, h->target, h->target_len);
	check_window(h, data, h->path, h->path_len);
	check_window(h, data, h->host_text, h->host_text_len);
	must(h->method_len && h->target_len && h->minor <= 1);
	must(h->connect || h->path_len);
	must(h->upgrade || (!h->connect && !h->hides));
	must(h->body == WEIR_HEAD_BODY_LENGTH ? h->length > 0 : !h->length);
	if (!h->has_host)
		return;
	must(h->host_text_len > 0 && h->host.len > 1);
	weir_dns_lower(&low, NULL);
	must(weir_dns_is_exact_name(&low, &h->host));
}

static void check_trailer(const uint8_t *data, size_t size)
{
	size_t len, again;
	enum weir_head_is is = weir_head_parse_trailer(data, size, &len);

	must(is != WEIR_HEAD_NO);
	if (is != WEIR_HEAD_WHOLE)
		return;
	must(len >= 2 && len <= size);
	must(weir_head_parse_trailer(data, len, &again) == WEIR_HEAD_WHOLE);
	must(weir_head_parse_trailer(data, len - 1, &again) == WEIR_HEAD_MORE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct weir_head h, part;
	enum weir_head_is is = weir_head_parse(data, size, &h);

	for (size_t k = 0; k < size; k += 1 + k / 8) {
		enum weir_head_is got = weir_head_parse(data, k, &part);

		must(got == WEIR_HEAD_MORE || got == is);
	}
	if (is == WEIR_HEAD_WHOLE)
		check_whole(data, size, &h);
	check_trailer(data, size);
	return 0;
}
