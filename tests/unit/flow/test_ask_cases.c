/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_ask_cases.c - the rows of tests/cases/dns.tsv, as far as they are the
 * forwarder's
 *
 * What the policy says of a name and of an address is not the forwarder's
 * matter.  Where a row depends on it, the row itself is the judge: a question
 * that must not leave the machine is denied, an address that the guest must
 * not see is dropped, and ech is removed if the row's answer has none.  Such a
 * row shows that the forwarder does what a verdict says; the verdict has tests
 * of its own.
 *
 * Pins are read from what the guest is told, as the owner does it.
 */
#include "askworld.h"

#include <unistd.h>

#include "packet/svcb.h"

#define COLUMNS 10
#define LINE    2048u

enum column {
	ID,
	CONFIG,
	QUERY,
	UPSTREAM,
	RCODE,
	ANSWER,
	EDE,
	SENT,
	PINS,
	WHY
};

struct row {
	char line[LINE];
	char *at[COLUMNS];
};

static FILE *open_cases(void)
{
	const char *dir = getenv("WEIR_CASES");
	char path[4096] = "tests/cases/dns.tsv";
	FILE *f;

	if (dir) {
		snprintf(path, sizeof(path), "%s/dns.tsv", dir);
		return fopen(path, "r");
	}
	for (unsigned up = 0; up < 8; up++) {
		f = fopen(path, "r");
		if (f)
			return f;
		memmove(path + 3, path, strlen(path) + 1);
		memcpy(path, "../", 3);
	}
	return NULL;
}

static bool next_row(FILE *f, struct row *r)
{
	char *left = r->line;

	if (!fgets(r->line, sizeof(r->line), f))
		return false;
	r->line[strcspn(r->line, "\n")] = '\0';
	for (unsigned i = 0; i < COLUMNS; i++) {
		r->at[i] = strsep(&left, "\t");
		if (!r->at[i])
			fail_msg("%s: too few columns", r->at[ID]);
	}
	return true;
}

struct asked {
	struct query q;
	char name[256];
	bool again, has6;
};

static void parse_query(const char *text, struct asked *ret)
{
	char copy[LINE], *word, *at;

	*ret = (struct asked){ .has6 = true };
	snprintf(copy, sizeof(copy), "%s", text);
	snprintf(ret->name, sizeof(ret->name), "%s", strtok_r(copy, " ", &at));
	ret->q = (struct query){ .name = ret->name,
				 .id = 0x5a5a,
				 .flags = WEIR_DNS_RD,
				 .max_udp = 1472 };
	ret->q.type = word_value(types, LEN(types), strtok_r(NULL, " ", &at));
	ret->q.tcp = strcmp(strtok_r(NULL, " ", &at), "tcp") == 0;
	while ((word = strtok_r(NULL, " ", &at)) != NULL) {
		if (strcmp(word, "noedns") == 0)
			ret->q.noedns = true;
		else if (strcmp(word, "again") == 0)
			ret->again = true;
		else if (strcmp(word, "no-ipv6") == 0)
			ret->has6 = false;
		else if (strncmp(word, "size=", 5) == 0)
			ret->q.size = (uint16_t)atoi(word + 5);
		else if (strncmp(word, "questions=", 10) == 0)
			ret->q.questions = (uint16_t)atoi(word + 10);
		else if (strcmp(word, "opcode=STATUS") == 0)
			ret->q.flags |= 2u << 11;
		else if (strcmp(word, "class=CH") == 0)
			ret->q.class = 3;
		else if (strncmp(word, "to=", 3) != 0 &&
			 strncmp(word, "host-address=", 13) != 0)
			fail_msg("unknown option %s", word);
	}
}

/* the datagram that must not be believed */
static void serve_wrong(struct world *w, unsigned i, const char *how,
			const char *text)
{
	uint8_t b[1232];
	size_t n = serve_build(w, i, text, b, sizeof(b));

	if (strcmp(how, "wrong-id") == 0)
		b[1] ^= 1;
	else
		b[13] = (uint8_t)(b[13] == 'q' ? 'z' : 'q');
	CHECK_EQ(world_give(w, i, b, n), WEIR_ASK_IGNORED);
	CHECK_EQ(w->n_told, 0);
}

/* the servers answer everything as the row says, until nothing is in flight */
static void serve_all(struct world *w, const char *upstream)
{
	const char *then = strstr(upstream, " then ");
	char first[LINE], *how, *left;

	if (strcmp(upstream, "silent") == 0) {
		world_wait(w, 60 * SECOND);
		return;
	}
	for (unsigned i = 0; i < w->n_sent; i++) {
		CHECK(strcmp(upstream, "-") != 0); /* it must not be asked */
		if (then && i == 0) {
			snprintf(first, sizeof(first), "%.*s",
				 (int)(then - upstream), upstream);
			how = strtok_r(first, " ", &left);
			serve_wrong(w, i, how, left);
		}
		world_serve(w, i, then ? then + 6 : upstream);
	}
}

/* what a record brings the guest */
struct brings {
	struct weir_addr addr[RECORDS_MAX];
	unsigned n;
	bool ech;
};

static void add_brought(const struct flat *f, struct brings *to)
{
	struct weir_dns_record r = { .type = f->type,
				     .data = weir_rd_over(f->data, f->len) };
	struct weir_svcb s;

	if (weir_svcb_is(f->type)) {
		CHECK(weir_svcb_parse(r.data, &s));
		to->n += weir_svcb_hints(&s, to->addr + to->n,
					 RECORDS_MAX - to->n);
		to->ech = to->ech || s.has_ech;
	} else if (weir_dns_parse_address(&r, &to->addr[to->n])) {
		to->n++;
	}
	CHECK(to->n < RECORDS_MAX);
}

/* the row's own judge of addresses: what the guest must not see is dropped */
static void set_drops(struct world *w, const struct row *r)
{
	static struct flat given[RECORDS_MAX], wanted[RECORDS_MAX];
	const char *colon = strchr(r->at[UPSTREAM], ':');
	struct brings all = { .n = 0 }, some = { .n = 0 };
	unsigned n, m = 0;

	if (!colon || strcmp(r->at[ANSWER], "*") == 0 ||
	    strncmp(r->at[UPSTREAM], "wrong", 5) == 0)
		return;
	n = flat_parse(colon + 1, true, given);
	if (strcmp(r->at[ANSWER], "-") != 0)
		m = flat_parse(r->at[ANSWER], false, wanted);
	for (unsigned i = 0; i < n; i++)
		add_brought(&given[i], &all);
	for (unsigned i = 0; i < m; i++)
		add_brought(&wanted[i], &some);
	for (unsigned i = 0; i < all.n; i++) {
		bool kept = false;

		for (unsigned k = 0; k < some.n; k++)
			kept = kept ||
			       weir_addr_is_equal(&all.addr[i], &some.addr[k]);
		if (!kept)
			w->drop[w->n_drops++] = all.addr[i];
	}
	w->strip_ech = all.ech && !some.ech;
}

static void check_pins(const struct world *w, const struct asked *q,
		       const char *want)
{
	char got[LINE] = "", one[600], text[INET6_ADDRSTRLEN];
	struct weir_sift_address pin[RECORDS_MAX];
	unsigned n = weir_ask_addresses(w->told[0].bytes, w->told[0].len, pin,
					RECORDS_MAX);

	if (strcmp(want, "*") == 0)
		return;
	for (unsigned i = 0; i < n; i++) {
		const struct weir_addr *a = &pin[i].addr;
		uint32_t four = htonl(weir_addr_to4(a));

		if (weir_addr_is4(a))
			inet_ntop(AF_INET, &four, text, sizeof(text));
		else
			inet_ntop(AF_INET6, a->b, text, sizeof(text));
		snprintf(one, sizeof(one), "%s%s=%s", i ? " " : "", q->name,
			 text);
		strcat(got, one);
	}
	if (strcmp(want, "-") == 0)
		want = "";
	if (strcasecmp(got, want) != 0)
		fail_msg("pins are %s, not %s", got, want);
}

static void check_row(const struct world *w, const struct asked *q,
		      const struct row *r)
{
	static struct heard h;
	char rcode[32];

	CHECK_EQ(w->n_told, 1);
	CHECK_EQ(w->n_closed, w->n_sent ? 1 : 0);
	hear(&w->told[0], &h);
	CHECK_EQ(h.h.id, q->q.id);
	snprintf(rcode, sizeof(rcode), "%s%s",
		 word_text(rcodes, LEN(rcodes), h.rcode),
		 h.h.flags & WEIR_DNS_TC ? " TC" : "");
	assert_string_equal(rcode, r->at[RCODE]);
	if (strcmp(r->at[ANSWER], "*") != 0)
		hears(&h, strcmp(r->at[ANSWER], "-") ? r->at[ANSWER] : "",
		      false);
	if (strcmp(r->at[EDE], "-") == 0)
		CHECK_EQ(h.edns.ede, WEIR_DNS_EDE_NONE);
	else if (strcmp(r->at[EDE], "*") != 0)
		CHECK_EQ(h.edns.ede, atoi(r->at[EDE]));
	if (strcmp(r->at[SENT], "*") != 0)
		CHECK_EQ(w->n_sent > 0, strcmp(r->at[SENT], "yes") == 0);
	if (h.has_question) {
		struct weir_dns_name asked = name(q->name);

		CHECK(weir_dns_is_exact_name(&h.q.name, &asked));
	}
	if (q->q.noedns || h.h.n[0] == 0)
		CHECK(!h.has_edns);
	else
		CHECK(h.has_edns);
	CHECK(w->told[0].len <= (q->q.tcp    ? 65535
				 : q->q.size ? q->q.size
					     : 1232));
	check_pins(w, q, r->at[PINS]);
}

static void run_row(const struct row *r)
{
	static struct world w;
	const char *gateway = strstr(r->at[CONFIG], "gateway: ");
	struct asked q;
	char text[64];

	parse_query(r->at[QUERY], &q);
	world_open(&w, 1, q.has6, NULL, 0);
	if (gateway) {
		sscanf(gateway, "gateway: %63[0-9.]", text);
		w.ask.local.gateway[0] = addr(text);
	}
	if (strcmp(r->at[RCODE], "NXDOMAIN") == 0 &&
	    strcmp(r->at[SENT], "no") == 0)
		w.verdict = WEIR_ASK_DENY;
	set_drops(&w, r);
	if (q.again) {
		world_ask(&w, &q.q);
		serve_all(&w, r->at[UPSTREAM]);
		world_forget(&w);
		w.now += SECOND;
	}
	world_ask(&w, &q.q);
	serve_all(&w, r->at[UPSTREAM]);
	check_row(&w, &q, r);
	world_close(&w);
}

static void every_row_that_is_the_forwarders_holds(void **state)
{
	FILE *f = open_cases();
	unsigned ran = 0, plain = 0;
	struct row r;

	(void)state;
	if (!f)
		fail_msg("tests/cases/dns.tsv is not here: set WEIR_CASES");
	CHECK(next_row(f, &r)); /* the names of the columns */
	assert_string_equal(r.at[ID], "id");
	assert_string_equal(r.at[WHY], "why");
	while (next_row(f, &r)) {
		printf("%s %s\n", r.at[ID], r.at[WHY]);
		run_row(&r);
		ran++;
		if (strcmp(r.at[CONFIG], "{net: public}") == 0)
			plain++;
	}
	fclose(f);
	printf("%u rows ran, %u of them without a rule\n", ran, plain);
	CHECK(ran >= 60);
}

T_MAIN(T(every_row_that_is_the_forwarders_holds))
