/* SPDX-License-Identifier: Apache-2.0 */
/*
 * net.c - a guest's whole network inside a program: weir.h's struct weir_net
 *
 * The manual of these calls is include/weir.h.  What they do is done elsewhere:
 * bid reads what is asked for, keeper has the threads, namebook the names that
 * the program gives.  A change to the running network is an errand to the
 * keeper, and then one to the engine which does nothing but tell that what came
 * before it was heard.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/bid.h"
#include "api/keeper.h"
#include "api/namebook.h"
#include "engine/house.h"
#include "link/frames.h"

/**
 * struct weir_net - see the top
 * @why: the last sentence the network said about an error, being started
 * @gateway_set: once only
 */
struct weir_net {
	struct weir_bid bid;
	struct weir_voice voice;
	char why[WEIR_ERROR_BYTES];
	struct weir_frames *frames;
	struct weir_port *port;
	struct weir_keeper keeper;
	struct weir_namebook names;
	bool gateway_set;
};

/* A sentence that was too long does not end within a character (UTF-8). */
static void end_whole(char *text)
{
	size_t len = strlen(text), from = len;

	while (from && len - from < 3 &&
	       ((uint8_t)text[from - 1] & 0xc0) == 0x80)
		from--;
	if (from && ((uint8_t)text[from - 1] & 0xc0) == 0xc0) {
		uint8_t lead = (uint8_t)text[from - 1];
		size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;

		if (len - from < more)
			text[from - 1] = 0;
	}
}

static int fail(struct weir_error *error, int code, const char *text)
{
	if (!error)
		return code;
	if (!text[0] && code == -E2BIG)
		text = "an option is set that this library does not know";
	else if (!text[0])
		text = strerror(-code);
	error->code = code;
	snprintf(error->text, sizeof(error->text), "%s", text);
	end_whole(error->text);
	return code;
}

/* What a call may return, of what the network below it returned. */
static int known(int r)
{
	switch (r) {
	case -EPERM:
		return -EACCES;
	case -EAFNOSUPPORT:
		return -EADDRNOTAVAIL;
	case -EPIPE:
	case -ECONNRESET:
	case -ENOTCONN:
		return -ESHUTDOWN; /* its engine is about to end */
	case -EAGAIN:
	case -ENOBUFS:
		return -ENOMEM;
	default:
		return r;
	}
}

static const char *short_of(int r)
{
	return r == -ESHUTDOWN ? "the network has ended" : "";
}

static void hear(void *ctx, enum weir_voice_tone tone, const char *text)
{
	struct weir_net *net = ctx;

	if (tone == WEIR_VOICE_ERROR)
		snprintf(net->why, sizeof(net->why), "%s", text);
}

/* --- life --- */

static int make_rings(struct weir_net *net, const struct weir_net_options *o,
		      struct weir_device **ret_device)
{
	const struct weir_device_options all = { .size = sizeof(all),
						 .offloads = WEIR_CAN_ALL };

	const char *what = "frames";
	int r;

	net->frames = weir_frames_new(&net->bid.frames);
	if (net->frames) {
		what = "port";
		net->port = weir_port_new(net->frames, o->port);
	}
	if (net->port)
		*ret_device = weir_device_new(net->frames, &all);
	if (net->port && *ret_device)
		return 0;
	r = -errno;
	snprintf(net->why, sizeof(net->why), "%s: %s", what,
		 r == -EINVAL  ? "an option is out of its range"
		 : r == -E2BIG ? "an option is set that this library does not "
				 "know"
			       : strerror(-r));
	return r;
}

static int plan(struct weir_net *net)
{
	struct weir_network *n = &net->keeper.network;
	struct weir_charter *c = &n->charter;
	int r, was;

	errno = 0;
	r = weir_network_plan(n);
	was = errno;
	if (r && (was == ENOMEM || was == EMFILE || was == ENFILE))
		return -was;
	if (r)
		return r == 2 ? -EINVAL : -EIO;
	if (net->bid.has_gateway_mac)
		c->gateway_mac = net->bid.gateway_mac;
	if (weir_mac_is_equal(&c->gateway_mac, &c->guest_mac)) {
		snprintf(net->why, sizeof(net->why),
			 "mac and gateway_mac are the same: choose another");
		return -EINVAL;
	}
	return 0;
}

static int make(struct weir_net *net, const struct weir_net_options *o)
{
	struct weir_device *device = NULL;
	int r = weir_frames_options_read(&net->bid.frames,
					 sizeof(net->bid.frames), o->frames);

	net->bid.frames.size = sizeof(net->bid.frames);
	if (r == 0)
		r = weir_bid_read(o, &net->bid, net->why);
	if (r == 0)
		r = make_rings(net, o, &device);
	if (r == 0)
		r = weir_keeper_init(&net->keeper, &net->bid.orders,
				     &net->voice, net->frames, device);
	if (r) {
		weir_device_free(device);
		return r;
	}
	weir_namebook_init(&net->names, &net->keeper);
	r = plan(net);
	if (r) {
		weir_namebook_fini(&net->names);
		weir_keeper_fini(&net->keeper);
	}
	return r;
}

static void destroy(struct weir_net *net)
{
	weir_port_free(net->port);
	weir_frames_unref(net->frames);
	weir_bid_fini(&net->bid);
	free(net);
}

struct weir_net *weir_net_new(const struct weir_net_options *options,
			      struct weir_error *error)
{
	struct weir_net_options o = { 0 };
	int r = weir_frames_options_read(&o, sizeof(o), options);
	struct weir_net *net;

	if (r == 0 && o.reserved)
		r = -E2BIG;
	net = r ? NULL : calloc(1, sizeof(*net));
	if (!net) {
		errno = -fail(error, r ? r : -ENOMEM, "");
		return NULL;
	}
	net->voice = (struct weir_voice){ .say = hear, .ctx = net };
	r = make(net, &o);
	if (r == 0)
		return net;
	(void)fail(error, r, net->why);
	destroy(net);
	errno = -r;
	return NULL;
}

int weir_net_start(struct weir_net *net, struct weir_error *error)
{
	struct weir_namebook_eve eve;
	int r = weir_namebook_copy(&net->names, &eve);

	if (r)
		return fail(error, r, "");
	r = weir_keeper_start(&net->keeper, &eve.errand);
	if (r == 0)
		weir_namebook_begin(&net->names, &eve);
	weir_namebook_drop(&eve);
	if (r == -EALREADY)
		return fail(error, r, "the network was started before");
	if (r == -EAGAIN)
		return fail(error, r, "there is no thread to be had");
	r = known(r);
	if (r == -ESHUTDOWN)
		return fail(error, r,
			    "the network was stopped, or its frames "
			    "shut down, before it was served");
	return r ? fail(error, r, net->why) : 0;
}

int weir_net_stop(struct weir_net *net)
{
	return weir_keeper_stop(&net->keeper, net->bid.grace_ms);
}

void weir_net_free(struct weir_net *net)
{
	if (!net)
		return;
	(void)weir_keeper_stop(&net->keeper, 0);
	weir_namebook_fini(&net->names);
	weir_keeper_fini(&net->keeper);
	destroy(net);
}

struct weir_port *weir_net_port(struct weir_net *net)
{
	return net->port;
}

struct weir_frames *weir_net_frames(struct weir_net *net)
{
	return net->frames;
}

/* --- addresses --- */

/* Is @a an address of a host in the subnet of @of, whose prefix has @bits? */
static bool is_inside(const struct weir_addr *a, const struct weir_addr *of,
		      unsigned bits)
{
	bool zero = true, ones = true;

	for (unsigned i = 0; i < 128; i++) {
		uint8_t bit = 0x80u >> i % 8;
		bool one = a->b[i / 8] & bit;

		if (i < bits && one != !!(of->b[i / 8] & bit))
			return false;
		zero = zero && (i < bits || !one);
		ones = ones && (i < bits || one);
	}
	return !zero && !(ones && weir_addr_is4(of));
}

/** struct gateway - the errand that changes it; NULL as it is */
struct gateway {
	struct weir_errand errand;
	const struct weir_ip *ip[2]; /* IPv4, IPv6 */
	struct weir_net *net;
	int result;
};

static int check_gateway(const struct weir_charter *c, const struct weir_ip *ip,
			 bool six, struct weir_addr *ret)
{
	const struct weir_addr *guest = six ? &c->guest6 : &c->guest4;

	if (six && !c->has6)
		return -EAFNOSUPPORT;
	if (!weir_bid_address(ip, ret) || weir_addr_is4(ret) == six)
		return -EAFNOSUPPORT;
	if (!is_inside(ret, guest, six ? c->len6 : c->len4 + 96u) ||
	    weir_addr_is_equal(ret, guest) ||
	    weir_addr_is_equal(ret, six ? &c->dns6 : &c->dns4))
		return -EINVAL;
	return 0;
}

static void do_gateway(void *owner, struct weir_errand *self)
{
	struct gateway *g = (struct gateway *)self;
	struct weir_charter *c = &((struct weir_network *)owner)->charter;
	struct weir_addr to[2] = { c->gateway4, c->gateway6 };

	if (g->net->keeper.state != WEIR_KEEPER_NEW || g->net->gateway_set) {
		g->result = -EALREADY;
		return;
	}
	for (int i = 0; i < 2 && g->result == 0; i++)
		if (g->ip[i])
			g->result = check_gateway(c, g->ip[i], i, &to[i]);
	if (g->result)
		return;
	c->gateway4 = to[0];
	c->gateway6 = to[1];
	g->net->gateway_set = true;
}

int weir_net_set_gateway(struct weir_net *net, const struct weir_ip *ipv4,
			 const struct weir_ip *ipv6)
{
	struct gateway g = { { .run = do_gateway }, { ipv4, ipv6 }, net, 0 };

	if (!weir_keeper_do(&net->keeper, &g.errand))
		return -EALREADY;
	return g.result;
}

/* Addresses change before the start only, and under this lock. */
static int answer(const struct weir_net *net, int family,
		  const struct weir_addr *four, const struct weir_addr *six,
		  struct weir_ip *ret)
{
	pthread_mutex_t *lock =
		&((struct weir_net *)(uintptr_t)net)->keeper.lock;

	if (family != 4 && family != 6)
		return -EINVAL;
	if (family == 6 && !net->keeper.network.charter.has6)
		return -EAFNOSUPPORT;
	pthread_mutex_lock(lock);
	*ret = weir_bid_ip(family == 4 ? four : six);
	pthread_mutex_unlock(lock);
	return 0;
}

int weir_net_gateway(const struct weir_net *net, int family,
		     struct weir_ip *ret)
{
	const struct weir_charter *c = &net->keeper.network.charter;

	return answer(net, family, &c->gateway4, &c->gateway6, ret);
}

int weir_net_guest(const struct weir_net *net, int family, struct weir_ip *ret)
{
	const struct weir_charter *c = &net->keeper.network.charter;

	return answer(net, family, &c->guest4, &c->guest6, ret);
}

int weir_net_prefix(const struct weir_net *net, int family)
{
	const struct weir_charter *c = &net->keeper.network.charter;

	if (family == 4)
		return c->len4;
	if (family != 6)
		return -EINVAL;
	return c->has6 ? c->len6 : -EAFNOSUPPORT;
}

int weir_net_dns(const struct weir_net *net, int family, struct weir_ip *ret)
{
	const struct weir_charter *c = &net->keeper.network.charter;

	return answer(net, family, &c->dns4, &c->dns6, ret);
}

/* --- hooks --- */

int weir_net_set_termination_hook(struct weir_net *net, void (*fn)(void *arg),
				  void *arg)
{
	return weir_keeper_hear_trigger(&net->keeper, fn, arg);
}

int weir_net_trigger_termination(struct weir_net *net)
{
	return weir_keeper_trigger(&net->keeper);
}

int weir_net_set_event_hook(struct weir_net *net,
			    void (*fn)(void *arg, const char *event,
				       size_t len),
			    void *arg)
{
	return weir_keeper_hear_events(&net->keeper, fn, arg);
}

/* --- names --- */

int weir_net_cache_name(struct weir_net *net, const char *name, int family,
			const struct weir_ip *addrs, size_t n, uint32_t ttl_s)
{
	struct weir_addr a[WEIR_NAMEBOOK_ADDRESSES_MAX];

	if (family != 4 && family != 6)
		return -EINVAL;
	if (n > WEIR_NAMEBOOK_ADDRESSES_MAX)
		return -ENOSPC;
	for (size_t i = 0; i < n; i++) {
		if (!weir_bid_address(&addrs[i], &a[i]))
			return -EINVAL;
		if (weir_addr_is4(&a[i]) != (family == 4))
			return -EAFNOSUPPORT;
	}
	return weir_namebook_set(&net->names, name, family == 4, a, n, ttl_s);
}

int weir_net_clear_name(struct weir_net *net, const char *name)
{
	return weir_namebook_clear(&net->names, name);
}

int weir_net_any_name(struct weir_net *net, const struct weir_ip *addr,
		      bool (*predicate)(void *arg, const char *name), void *arg)
{
	struct weir_addr a;

	if (!weir_bid_address(addr, &a))
		return -EINVAL;
	return weir_namebook_any(&net->names, &a, predicate, arg);
}

int weir_net_expire_names(struct weir_net *net)
{
	return weir_namebook_expire(&net->names);
}

/* --- counters --- */

/** struct counting - the errand that copies them */
struct counting {
	struct weir_errand errand;
	struct weir_summary sum;
};

static void do_count(void *owner, struct weir_errand *self)
{
	((struct counting *)self)->sum = ((struct weir_house *)owner)->sum;
}

static uint64_t total(const struct weir_tally *t, enum weir_reason from,
		      enum weir_reason to)
{
	uint64_t n = 0;

	for (int i = (int)from; i <= (int)to; i++)
		n += t->count[i];
	return n;
}

int weir_net_counters(const struct weir_net *net, struct weir_net_counts *ret)
{
	/* an errand changes what the threads agree by, nothing of the network */
	struct weir_keeper *k = &((struct weir_net *)(uintptr_t)net)->keeper;
	struct counting c = { .errand = { .run = do_count } };
	struct weir_net_counts now;

	if (!weir_keeper_ask(k, &c.errand))
		weir_keeper_last(k, &c.sum);
	now = (struct weir_net_counts){
		.bytes_up = c.sum.bytes_up,
		.bytes_down = c.sum.bytes_down,
		.frames_up = c.sum.frames_up,
		.frames_down = c.sum.frames_down,
		.flows = c.sum.tcp_now + c.sum.udp_now,
		.flows_total = c.sum.tcp_opened + c.sum.udp_opened,
		.denied = total(&c.sum.reasons, WEIR_REASON_RULE,
				WEIR_REASON_POLICY_CHANGED),
		.dropped = total(&c.sum.reasons, WEIR_REASON_SHORT,
				 WEIR_REASON_LINK_FULL),
	};
	return weir_frames_answer(ret, &now, sizeof(now));
}

/* --- live --- */

/** struct change - the errand that changes what runs */
struct change {
	struct weir_errand errand;
	struct weir_net *net;
	const char *const *rules;
	const char *text;
	size_t n;
	uint32_t at;
	const struct weir_limits *limits;
	uint16_t *ret_port;
	char why[WEIR_ERROR_BYTES];
	int result;
};

/* Have it done, heard by both threads, and told. */
static int have(struct change *c, void (*run)(void *, struct weir_errand *),
		struct weir_error *error)
{
	struct weir_errand heard = { .run = NULL };

	c->errand.run = run;
	if (!weir_keeper_do(&c->net->keeper, &c->errand))
		return fail(error, -ESHUTDOWN, "the network has ended");
	if (c->result < 0) {
		int r = known(c->result);

		return fail(error, r, c->why[0] ? c->why : short_of(r));
	}
	(void)weir_keeper_ask(&c->net->keeper, &heard);
	return c->result;
}

/* The settings are others: a policy of them, or the reason why there is none. */
static int judge(struct change *c, struct weir_network *n)
{
	return weir_network_replace(n, &c->net->bid.settings, getuid(), c->why);
}

static void do_rules(void *owner, struct weir_errand *self)
{
	struct change *c = (struct change *)self;
	struct weir_settings *s = &c->net->bid.settings;
	struct weir_settings_list line = s->line_rules, file = s->rules;

	s->line_rules = s->rules = (struct weir_settings_list){ .n = 0 };
	for (size_t i = 0; i < c->n && c->result == 0; i++)
		if (!weir_settings_add(&s->line_rules, c->rules[i], "rules"))
			c->result = -ENOMEM;
	if (c->result == 0)
		c->result = judge(c, owner);
	if (c->result) {
		weir_settings_free(&s->line_rules);
		s->line_rules = line;
		s->rules = file;
		return;
	}
	weir_settings_free(&line);
	weir_settings_free(&file);
}

int weir_net_set_policy(struct weir_net *net, const char *const *rules,
			size_t n, struct weir_error *error)
{
	struct change c = { .net = net, .rules = rules, .n = n };

	return have(&c, do_rules, error);
}

/* The list that has rule @*at, counted from 0, and there its place. */
static struct weir_settings_list *list_of(struct weir_settings *s, size_t *at)
{
	if (*at < s->line_rules.n || !s->rules.n)
		return &s->line_rules;
	*at -= s->line_rules.n;
	return &s->rules;
}

static void do_add(void *owner, struct weir_errand *self)
{
	struct change *c = (struct change *)self;
	struct weir_settings *s = &c->net->bid.settings;
	size_t n = s->line_rules.n + s->rules.n;
	size_t at = c->at ? c->at - 1 : n;
	struct weir_settings_list *l = list_of(s, &at);

	if (c->at > n + 1) {
		snprintf(c->why, sizeof(c->why),
			 "rule %u: there are %zu, so it is at most %zu", c->at,
			 n, n + 1);
		c->result = -ERANGE;
		return;
	}
	if (!weir_settings_insert(l, at, c->text, "rule")) {
		c->result = -ENOMEM;
		return;
	}
	c->result = judge(c, owner);
	if (c->result)
		weir_settings_remove(l, at);
	else
		c->result = c->at ? (int)c->at : (int)n + 1;
}

int weir_net_add_rule(struct weir_net *net, const char *rule, unsigned at,
		      struct weir_error *error)
{
	struct change c = { .net = net, .text = rule, .at = at };

	return have(&c, do_add, error);
}

static void do_remove(void *owner, struct weir_errand *self)
{
	struct change *c = (struct change *)self;
	struct weir_settings *s = &c->net->bid.settings;
	size_t at = c->at - 1;
	struct weir_settings_list *l;
	struct weir_settings_text was;

	if (!c->at || c->at > s->line_rules.n + s->rules.n) {
		snprintf(c->why, sizeof(c->why), "rule %u: there are %zu",
			 c->at, s->line_rules.n + s->rules.n);
		c->result = -ERANGE;
		return;
	}
	l = list_of(s, &at);
	was = l->at[at];
	memmove(l->at + at, l->at + at + 1, (--l->n - at) * sizeof(was));
	c->result = judge(c, owner);
	if (c->result) {
		memmove(l->at + at + 1, l->at + at,
			(l->n++ - at) * sizeof(was));
		l->at[at] = was;
		return;
	}
	free(was.text);
	free(was.where);
}

int weir_net_remove_rule(struct weir_net *net, unsigned at,
			 struct weir_error *error)
{
	struct change c = { .net = net, .at = at };

	return have(&c, do_remove, error);
}

/* Before that the engine would drop a port, or not have the first ones yet. */
static bool has_doors(const struct weir_network *n)
{
	return n->sock >= 0 && n->ready && n->doors.sent == n->doors.n;
}

static void do_publish(void *owner, struct weir_errand *self)
{
	struct change *c = (struct change *)self;
	char why[WEIR_PUBLISH_WHY_BYTES];
	struct weir_network *n = owner;
	struct weir_publish p;

	c->result = -EINVAL;
	if (!has_doors(n))
		snprintf(c->why, sizeof(c->why),
			 "publish: the network was not started");
	else if (!weir_publish_parse(c->text, &p, why))
		weir_bid_refuse(c->why, "publish", c->text, why);
	else if (p.n != 1)
		weir_bid_refuse(c->why, "publish", c->text,
				"one port at a time");
	else
		c->result = weir_publish_add(&p, &n->doors, n->sock, c->why);
	if (c->result >= 0 && c->ret_port)
		*c->ret_port = n->doors.door[c->result].is.port;
}

int weir_net_publish(
	struct weir_net *net, const char *spec,
	uint16_t *ret_port, /* NOLINT(readability-non-const-*): kept */
	struct weir_error *error)
{
	struct change c = { .net = net, .text = spec, .ret_port = ret_port };

	return have(&c, do_publish, error);
}

static void do_unpublish(void *owner, struct weir_errand *self)
{
	struct change *c = (struct change *)self;
	struct weir_network *n = owner;

	c->result = has_doors(n)
			    ? weir_publish_remove(&n->doors, c->at, n->sock)
			    : -EINVAL;
}

int weir_net_unpublish(struct weir_net *net, int id)
{
	struct change c = { .net = net, .at = (uint32_t)id };

	return id < 0 ? -ENOENT : have(&c, do_unpublish, NULL);
}

/* Return: 0 or -EINVAL. */
static int read_rate(struct change *c, const char *name, const char *text,
		     struct weir_charter_rate *ret)
{
	const char *why = "";

	if (!text)
		return 0;
	if (!*text)
		*ret = (struct weir_charter_rate){ .bytes_per_s = 0 };
	else if (!weir_plan_parse_rate(text, ret, &why))
		return weir_bid_refuse(c->why, name, text, why);
	return 0;
}

static void put_limits(struct weir_charter *c, struct weir_charter_rate up,
		       struct weir_charter_rate down, uint32_t flows)
{
	c->up = up;
	c->down = down;
	c->max_flows = flows;
}

static void do_limits(void *owner, struct weir_errand *self)
{
	struct change *c = (struct change *)self;
	struct weir_network *n = owner;
	struct weir_charter_rate was_up = n->charter.up, up = was_up;
	struct weir_charter_rate was_down = n->charter.down, down = was_down;
	uint32_t was_flows = n->charter.max_flows, flows = c->limits->flows;

	c->result = read_rate(c, "up", c->limits->up, &up);
	if (c->result == 0)
		c->result = read_rate(c, "down", c->limits->down, &down);
	if (c->result == 0 && flows > n->flows) {
		snprintf(c->why, sizeof(c->why),
			 "flows %u: there is room for %u since the start",
			 flows, n->flows);
		c->result = -ERANGE;
	}
	if (c->result)
		return;
	put_limits(&n->charter, up, down, flows ? flows : was_flows);
	c->result = weir_network_limit(n);
	if (c->result)
		put_limits(&n->charter, was_up, was_down, was_flows);
}

int weir_net_set_limits(struct weir_net *net, const struct weir_limits *limits,
			struct weir_error *error)
{
	struct weir_limits l = { 0 };
	struct change c = { .net = net, .limits = &l };
	int r = weir_frames_options_read(&l, sizeof(l), limits);

	if (r == 0 && l.reserved)
		r = -E2BIG;
	return r ? fail(error, r, "") : have(&c, do_limits, error);
}
