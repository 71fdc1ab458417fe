/* SPDX-License-Identifier: Apache-2.0 */
/* digest.c - what happened, in a few lines for a person */
#include "control/digest.h"

#define LINE_COLUMNS 76u
#define REASON_LINES 6u

/* 1234 B, 56.7 KB, 8.9 GB: decimal, as rates are */
static void add_bytes(struct weir_text *t, uint64_t n)
{
	static const char unit[][3] = { "KB", "MB", "GB", "TB", "PB", "EB" };
	uint64_t scale = 1;
	unsigned u = 0;

	if (n < 1000) {
		weir_text_add_u64(t, n);
		weir_text_add(t, " B");
		return;
	}
	for (scale = 1000; n / scale >= 1000 && u < 5; scale *= 1000)
		u++;
	weir_text_add_u64(t, n / scale);
	weir_text_add_char(t, '.');
	weir_text_add_u64(t, n / (scale / 10) % 10);
	weir_text_add_char(t, ' ');
	weir_text_add(t, unit[u]);
}

static void add_count(struct weir_text *t, const char *before, uint64_t n,
		      const char *after)
{
	weir_text_add(t, before);
	weir_text_add_u64(t, n);
	weir_text_add(t, after);
}

static void add_up_down(struct weir_text *t, uint64_t up, uint64_t down)
{
	add_bytes(t, up);
	weir_text_add(t, " up, ");
	add_bytes(t, down);
	weir_text_add(t, " down\n");
}

/* name and count of each reason met, wrapped; what does not fit is counted */
static void add_reasons(struct weir_text *t, const struct weir_tally *tally)
{
	size_t start = t->len;
	unsigned lines = 0, rest = 0;

	for (unsigned i = 1; i < WEIR_REASON_COUNT; i++) {
		uint64_t n = tally->count[i];
		bool fresh = lines == 0 || t->len - start > LINE_COLUMNS - 28;

		if (!n)
			continue;
		if (fresh && lines == REASON_LINES) {
			rest++;
			continue;
		}
		if (fresh) {
			weir_text_add(t, lines++ ? "\n  " : "reasons:\n  ");
			start = t->len;
		} else {
			weir_text_add(t, ", ");
		}
		weir_text_add(t, weir_reason_name((enum weir_reason)i));
		add_count(t, " ", n, "");
	}
	if (rest)
		add_count(t, ", and ", rest, " more");
	if (lines)
		weir_text_add(t, "\n");
}

void weir_digest_build(const struct weir_summary *s, uint64_t ms,
		       struct weir_text *to)
{
	weir_text_add_u64(to, ms / 1000);
	weir_text_add_char(to, '.');
	weir_text_add_u64(to, ms / 100 % 10);
	add_count(to, " s; frames: ", s->frames_up, " up, ");
	add_count(to, "", s->frames_down, " down; ");
	add_up_down(to, s->bytes_up, s->bytes_down);
	add_count(to, "tcp: ", s->tcp_opened, " opened, ");
	add_count(to, "", s->tcp_now, " open at the end; ");
	add_up_down(to, s->tcp_bytes_up, s->tcp_bytes_down);
	add_count(to, "udp: ", s->udp_opened, " conversations; datagrams: ");
	add_count(to, "", s->udp_up, " up, ");
	add_count(to, "", s->udp_down, " down\n");
	add_count(to, "dns: ", s->dns_questions, " questions, ");
	add_count(to, "", s->dns_cached, " from cache, ");
	add_count(to, "", s->dns_sent, " sent on, ");
	add_count(to, "", s->dns_failed, " failed\n");
	add_reasons(to, &s->reasons);
}
