/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forbid.c - the answer to an HTTP/1 request that the policy denies
 *
 * The host is the guest's word.  As text of a DNS name it has no control
 * characters; in JSON quotes and backslashes are escaped.
 */
#include "flow/forbid.h"

#include "base/must.h"
#include "base/reason.h"
#include "base/text.h"

#define BODY_BYTES 700u
#define HOST_BYTES 256u

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
		weir_text_add(t, "{\"error\":\"denied\",\"host\":");
		if (host[0])
			add_quoted(t, host);
		else
			weir_text_add(t, "null");
		weir_text_add(t, ",\"rule\":");
		add_rule(t, &f->verdict, "\"");
		weir_text_add(t, ",\"reason\":");
		add_quoted(t, weir_reason_name(f->verdict.reason));
		weir_text_add(t, "}\n");
		return;
	}
	weir_text_add(t, "error: denied by the policy of this sandbox\nhost: ");
	weir_text_add(t, host[0] ? host : "none");
	weir_text_add(t, "\nrule: ");
	add_rule(t, &f->verdict, "");
	weir_text_add(t, "\nreason: ");
	weir_text_add(t, weir_reason_name(f->verdict.reason));
	weir_text_add(t, "\n");
}

size_t weir_forbid_build(const struct weir_forbid *f, char *to)
{
	char body[BODY_BYTES];
	struct weir_text b = weir_text_over(body, sizeof(body));
	struct weir_text t = weir_text_over(to, WEIR_FORBID_BYTES);

	build_body(f, &b);
	weir_text_add(&t, "HTTP/1.1 403 Forbidden\r\nContent-Type: ");
	weir_text_add(&t, f->json ? "application/json"
				  : "text/plain; charset=utf-8");
	weir_text_add(&t, "\r\nContent-Length: ");
	weir_text_add_u64(&t, b.len);
	weir_text_add(&t, "\r\nCache-Control: no-store\r\n"
			  "Connection: close\r\n\r\n");
	if (!f->head)
		weir_text_add_bytes(&t, body, b.len);
	weir_must(weir_text_ok(&b) && weir_text_ok(&t));
	return t.len;
}
