/* SPDX-License-Identifier: Apache-2.0 */
/*
 * local.c - names answered from the facts of the network
 *
 * Looked up in this order, so that the operator's word is the last one:
 * `--host` names, aliases, reverse names of the gateway, localhost.  The table
 * is small and searched from its start; names differ in length mostly, so a
 * miss costs a compare each.
 *
 * localhost and all names below it are the guest itself (RFC 6761 6.3): its
 * own loopback addresses, and never a server's matter.
 */
#include "flow/local.h"

static const struct weir_dns_name alias_names[] = {
	{ 20, "\4host\4weir\10internal" },
	{ 26, "\4host\12containers\10internal" },
	{ 22, "\4host\6docker\10internal" },
};
#define N_ALIASES (sizeof(alias_names) / sizeof(alias_names[0]))

size_t weir_local_bytes(void)
{
	return WEIR_DNS_HOSTS_MAX * sizeof(struct weir_local_host) + 64;
}

bool weir_local_init(struct weir_local *l, struct weir_arena *arena,
		     const struct weir_addr gateway[2], bool has6)
{
	*l = (struct weir_local){ .gateway = { gateway[0] }, .has6 = has6 };
	weir_dns_name_of_address(&gateway[0], &l->reverse[0]);
	if (has6) {
		l->gateway[1] = gateway[1];
		weir_dns_name_of_address(&gateway[1], &l->reverse[1]);
	}
	l->host = weir_arena_take(arena, WEIR_DNS_HOSTS_MAX, sizeof(*l->host),
				  _Alignof(struct weir_local_host));
	return l->host != NULL;
}

bool weir_local_add(struct weir_local *l, const struct weir_local_host *h)
{
	if (l->n_hosts == WEIR_DNS_HOSTS_MAX)
		return false;
	l->host[l->n_hosts++] = *h;
	return true;
}

static void add_address(const struct weir_local *l, struct weir_respond *r,
			const struct weir_addr *a)
{
	bool is4 = weir_addr_is4(a);

	if (r->q->type == (is4 ? WEIR_DNS_A : WEIR_DNS_AAAA) &&
	    (is4 || l->has6))
		weir_dns_build_address(&r->b, &r->q->name, a,
				       WEIR_RESPOND_LOCAL_TTL_S);
}

static size_t answer_two(const struct weir_local *l, struct weir_respond *r,
			 const struct weir_addr two[2])
{
	if (r->q->type == WEIR_DNS_ANY)
		return weir_respond_any(r);
	weir_respond_open(r, WEIR_DNS_NOERROR);
	add_address(l, r, &two[0]);
	if (l->has6)
		add_address(l, r, &two[1]);
	return weir_respond_close(r, WEIR_DNS_EDE_NONE);
}

static size_t answer_host(const struct weir_local *l, struct weir_respond *r)
{
	bool found = false;

	for (unsigned i = 0; i < l->n_hosts; i++) {
		const struct weir_local_host *h = &l->host[i];

		if (!weir_dns_is_exact_name(&h->name, &r->q->name))
			continue;
		if (!found && r->q->type == WEIR_DNS_ANY)
			return weir_respond_any(r);
		if (!found)
			weir_respond_open(r, WEIR_DNS_NOERROR);
		found = true;
		add_address(l, r, &h->addr);
	}
	return found ? weir_respond_close(r, WEIR_DNS_EDE_NONE) : 0;
}

static size_t answer_reverse(struct weir_respond *r)
{
	weir_respond_open(r, WEIR_DNS_NOERROR);
	if (r->q->type == WEIR_DNS_PTR)
		weir_dns_build_name(&r->b, &r->q->name, WEIR_DNS_PTR,
				    &alias_names[0], WEIR_RESPOND_LOCAL_TTL_S);
	return weir_respond_close(r, WEIR_DNS_EDE_NONE);
}

size_t weir_local_answer(const struct weir_local *l, struct weir_respond *r)
{
	static const struct weir_dns_name localhost = { 11, "\11localhost" };
	const struct weir_addr self[2] = { weir_addr_from4(0x7f000001),
					   { .b = { [15] = 1 } } };
	const struct weir_dns_name *n = &r->q->name;
	size_t len = answer_host(l, r);

	if (len)
		return len;
	for (size_t i = 0; i < N_ALIASES; i++) {
		if (weir_dns_is_exact_name(&alias_names[i], n))
			return answer_two(l, r, l->gateway);
	}
	if (weir_dns_is_exact_name(&l->reverse[0], n) ||
	    (l->has6 && weir_dns_is_exact_name(&l->reverse[1], n)))
		return answer_reverse(r);
	if (weir_dns_is_below(n, &localhost))
		return answer_two(l, r, self);
	return 0;
}
