/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forbid.c - the answer to an HTTP request that does not go on
 *
 * The host is the guest's word.  As text of a DNS name it has no control
 * characters; in JSON quotes and backslashes are escaped.
 */
#include "policy/forbid.h"

#include "base/must.h"
#include "base/reason.h"
#include "base/text.h"

#define HOST_BYTES 256u

static const struct {
	uint16_t code;
	const char *phrase, *word, *sentence;
} says[] = {
	[WEIR_FORBID_DENIED] = { 403, "Forbidden", "denied",
				 "denied by the policy of this sandbox" },
	[WEIR_FORBID_BAD] = { 400, "Bad Request", "bad_request",
			      "malformed, or open to two readings" },
	[WEIR_FORBID_MISDIRECTED] = { 421, "Misdirected Request", "misdirected",
				      "this connection is for another host" },
	[WEIR_FORBID_TOO_LARGE] = { 431, "Request Header Fields Too Large",
				    "too_large", "the head is too large" },
	[WEIR_FORBID_UNKNOWN] = { 501, "Not Implemented", "not_implemented",
				  "this network does not know the method" },
	[WEIR_FORBID_UPSTREAM] = { 502, "Bad Gateway", "bad_gateway",
				   "the host gave no answer that can be passed "
				   "on" },
};

uint16_t weir_forbid_code(enum weir_forbid_status status)
{
	return says[status].code;
}

static void add_quoted(struct weir_text *t, const char *s)
{
	weir_text_add_char(t, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			weir_text_add_char(t, '\\');
		weir_text_add_char(t, *s);
	}
	weir_text_add_char(t, '"');
}

/* As in an event: a number, "default", "bounds N", null. */
static void add_rule(struct weir_text *t, const struct weir_judge_verdict *v,
		     const char *quote)
{
	switch (v->by) {
	case WEIR_JUDGE_BY_NOTHING:
		weir_text_add(t, *quote ? "null" : "none");
		return;
	case WEIR_JUDGE_BY_RULE:
		weir_text_add_u64(t, v->rule);
		return;
	case WEIR_JUDGE_BY_DEFAULT:
		weir_text_add(t, quote);
		weir_text_add(t, "default");
		weir_text_add(t, quote);
		return;
	case WEIR_JUDGE_BY_BOUNDS:
		weir_text_add(t, quote);
		weir_text_add(t, "bounds ");
		weir_text_add_u64(t, v->rule);
		weir_text_add(t, quote);
		return;
	}
}

static void build_body(const struct weir_forbid *f, struct weir_text *t)
{
	char host[HOST_BYTES] = "";

	if (f->host && !weir_dns_name_to_text(f->host, host, sizeof(host)))
		host[0] = 0;
	if (f->json) {
		weir_text_add(t, "{\"error\":");
		add_quoted(t, says[f->status].word);
		weir_text_add(t, ",\"host\":");
		if (host[0])
			add_quoted(t, host);
		else
			weir_text_add(t, "null");
		weir_text_add(t, ",\"rule\":");
		add_rule(t, &f->verdict, "\"");
		weir_text_add(t, ",\"reason\":");
		add_quoted(t, weir_reason_name(f->verdict.reason));
		if (f->detail) {
			weir_text_add(t, ",\"detail\":");
			add_quoted(t, f->detail);
		}
		weir_text_add(t, "}\n");
		return;
	}
	weir_text_add(t, "error: ");
	weir_text_add(t, says[f->status].sentence);
	weir_text_add(t, "\nhost: ");
	weir_text_add(t, host[0] ? host : "none");
	weir_text_add(t, "\nrule: ");
	add_rule(t, &f->verdict, "");
	weir_text_add(t, "\nreason: ");
	weir_text_add(t, weir_reason_name(f->verdict.reason));
	if (f->detail) {
		weir_text_add(t, "\ndetail: ");
		weir_text_add(t, f->detail);
	}
	weir_text_add(t, "\n");
}

const char *weir_forbid_type(const struct weir_forbid *f)
{
	return f->json ? "application/json" : "text/plain; charset=utf-8";
}

size_t weir_forbid_build_body(const struct weir_forbid *f, char *to)
{
	struct weir_text t = weir_text_over(to, WEIR_FORBID_BODY_BYTES);

	build_body(f, &t);
	weir_must(weir_text_ok(&t));
	return t.len;
}

size_t weir_forbid_build(const struct weir_forbid *f, char *to)
{
	char body[WEIR_FORBID_BODY_BYTES];
	size_t len = weir_forbid_build_body(f, body);
	struct weir_text t = weir_text_over(to, WEIR_FORBID_BYTES);

	weir_text_add(&t, "HTTP/1.1 ");
	weir_text_add_u64(&t, says[f->status].code);
	weir_text_add_char(&t, ' ');
	weir_text_add(&t, says[f->status].phrase);
	weir_text_add(&t, "\r\nContent-Type: ");
	weir_text_add(&t, weir_forbid_type(f));
	weir_text_add(&t, "\r\nContent-Length: ");
	weir_text_add_u64(&t, len);
	weir_text_add(&t, "\r\nCache-Control: no-store\r\nConnection: ");
	weir_text_add(&t, f->stay ? "keep-alive" : "close");
	weir_text_add(&t, "\r\n\r\n");
	if (!f->head)
		weir_text_add_bytes(&t, body, len);
	weir_must(weir_text_ok(&t));
	return t.len;
}
