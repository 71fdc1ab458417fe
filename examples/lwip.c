/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lwip.c - another TCP/IP stack at the rings: lwIP, at either end
 *
 *	lwip network --tap NAME [--drop-port N]
 *
 *	  this kernel ── TAP ── port │ rings │ device ── lwIP 10.0.2.2
 *
 *	lwip guest [--net WHAT] [--rule RULE]... [JOB...]
 *
 *	  lwIP 10.0.2.15 ── port │ struct weir_net: the host's network
 *
 *	lwip guest --tap NAME [JOB...]
 *
 *	  lwIP 10.0.2.15 ── port │ rings │ device ── TAP ── this kernel
 *
 * All:	--data FILE      what is sent and expected (lwip/talk.h)
 *		--mtu N          default 1500
 *		--capacity N     frames in each ring
 *		--timeout S      for each connection; default 60
 *
 * The network echoes at port 7 of TCP and UDP, reads at 9, does at 7000 what
 * the first line says, and answers each question for a name with its own
 * address.  It looks at each frame before lwIP has it (lwip/look.h), and ends
 * at SIGTERM.  The guest does its jobs one after the other, or with --together
 * at once:
 *
 *	'NAME: tcp ADDRESS PORT STEPS'      STEPS: lwip/talk.h
 *	'NAME: udp ADDRESS PORT BYTES'      they must come back
 *	'NAME: name SERVER HOST ADDRESS'    HOST must have ADDRESS, or none;
 *	                                    SERVER may be `dns`: the network's
 *
 * How a stack is put on the rings is all in this file; `struct card` is that.
 * lwIP runs in one thread here, in a loop of ours: its tcpip thread is never
 * begun, so its core may be called without a lock, and sys_check_timeouts() is
 * all it needs.  The other end is another thread's: that of Weir's engine, or
 * one that moves frames from and to a TAP.
 *
 * Frames are copied into pbufs: lwIP holds what came for as long as the program
 * does not read it, while a frame of a ring is borrowed only until the next.
 *
 * When a ring is full, lwIP is told ERR_MEM.  A TCP segment then stays in its
 * queue, which is the place to wait for room; when there is some, all
 * connections are asked to go on.  Everything else (ARP, ICMP, a datagram) is
 * lost, as it would be on a wire.  To wait for room inside the output function
 * would be a deadlock: the other side may be waiting for us to read.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/init.h>
#include <lwip/nd6.h>
#include <lwip/netif.h>
#include <lwip/priv/tcp_priv.h>
#include <lwip/timeouts.h>
#include <netif/ethernet.h>
#include <weir.h>

#include "lwip/ask.h"
#include "lwip/look.h"
#include "lwip/talk.h"
#include "lwip/tap.h"

#define BATCH      32u
#define ECHO       7
#define DISCARD    9
#define SCRIPTED   7000
#define LEAVE_MS   5000u /* for connections that lwIP has not ended yet */
#define GATEWAY_MS 5000u
#define RULES      16u

struct options {
	bool is_guest, together;
	const char *tap, *data, *net;
	const char *rules[RULES];
	size_t n_rules;
	unsigned mtu, capacity, seconds, drop_port;
	char **jobs;
};

/**
 * struct card - lwIP's network interface on one end of the rings
 * @port, @device: the end, one of them
 * @tx, @has_tx: leave for one frame that came with the last one received
 * @starved: a frame found no room
 * @refused: how often that was; @lost: frames lwIP had no pbuf for
 * @own, @gateway, @own6, @dns: addresses; @has6, @has_dns: of the last two
 */
struct card {
	struct netif netif;
	struct weir_frames *frames;
	struct weir_port *port;
	struct weir_device *device;
	struct weir_tx_token tx;
	bool has_tx, starved;
	unsigned long refused, lost;
	unsigned mtu;
	ip4_addr_t own, gateway;
	ip6_addr_t own6;
	ip_addr_t dns;
	bool has6, has_dns;
};

static struct weir_frames *to_stop;

/* --- frames into lwIP ------------------------------------------------------- */

static void input(struct card *c, const uint8_t *frame, size_t len)
{
	size_t n = len - WEIR_PORT_HEADER;
	struct pbuf *p = NULL;

	/* A pbuf is not longer.  PBUF_POOL would be usual for what comes in, but
	 * those of Debian's liblwip 2.1.3 are smaller than it believes. */
	if (n <= UINT16_MAX)
		p = pbuf_alloc(PBUF_RAW, (u16_t)n, PBUF_RAM);
	if (!p) {
		c->lost++;
		return;
	}
	pbuf_take(p, frame + WEIR_PORT_HEADER, (u16_t)n);
	if (c->netif.input(p, &c->netif) != ERR_OK)
		pbuf_free(p);
}

/* Return: true if there may be more. */
static bool port_input(struct card *c)
{
	struct weir_frame v[BATCH];
	int n = weir_port_peek(c->port, v, BATCH);

	if (n < 0)
		return false;
	for (int i = 0; i < n; i++)
		input(c, v[i].at, v[i].len);
	(void)weir_port_release(c->port, (unsigned)n);
	return true;
}

/*
 * The staged frame is looked at; then it is received, with leave to send one,
 * so that at least its acknowledgement has room.  Without such room it stays
 * where it is, and the guest that sends more than it reads has to wait.
 *
 * Return: true if there may be more.
 */
static bool device_input(struct card *c)
{
	const struct weir_frame *f;
	struct weir_frame whole;
	struct weir_rx_token rx;

	for (unsigned i = 0; i < BATCH; i++) {
		f = weir_device_stage(c->device);
		if (!f)
			return false;
		switch (look_at(f, &whole)) {
		case LOOK_KEPT:
		case LOOK_DROP:
			(void)weir_device_drop_staged(c->device);
			continue;
		case LOOK_REPLACE:
			(void)weir_device_replace_staged(c->device, whole.at,
							 whole.len);
			continue; /* it is staged now: look at it */
		case LOOK_PASS:
			break;
		}
		c->has_tx = weir_device_receive(c->device, &rx, &c->tx);
		if (!c->has_tx)
			return false;
		input(c, rx.frame, rx.len);
		if (c->has_tx)
			weir_tx_token_cancel(&c->tx);
		c->has_tx = false;
	}
	return true;
}

/* --- frames out of lwIP ----------------------------------------------------- */

static err_t no_room(struct card *c)
{
	c->starved = true;
	c->refused++;
	return ERR_MEM;
}

static err_t port_output(struct netif *netif, struct pbuf *p)
{
	struct card *c = netif->state;
	struct weir_frame f = { NULL, WEIR_PORT_HEADER + (size_t)p->tot_len };
	int r = weir_port_reserve(c->port, &f, 1);

	if (r == -EAGAIN)
		return no_room(c);
	if (r < 0)
		return ERR_IF;
	memset(f.at, 0, WEIR_PORT_HEADER);
	pbuf_copy_partial(p, f.at + WEIR_PORT_HEADER, p->tot_len, 0);
	return weir_port_commit(c->port, &f, 1) ? ERR_IF : ERR_OK;
}

static err_t device_output(struct netif *netif, struct pbuf *p)
{
	struct card *c = netif->state;
	size_t len = WEIR_PORT_HEADER + (size_t)p->tot_len;

	if (!c->has_tx && !weir_device_transmit(c->device, &c->tx))
		return no_room(c);
	c->has_tx = false;
	if (weir_tx_token_fill(&c->tx, len))
		return ERR_BUF;
	pbuf_copy_partial(p, c->tx.frame + WEIR_PORT_HEADER, p->tot_len, 0);
	return weir_tx_token_send(&c->tx) ? ERR_IF : ERR_OK;
}

/*
 * What found no room is in the queues of the connections.  The wish for room is
 * taken back first: those that still find none will repeat it.
 */
static void resume(struct card *c)
{
	struct tcp_pcb *pcb;

	if (!c->starved)
		return;
	c->starved = false;
	if (c->port)
		weir_port_forget_write(c->port);
	else
		weir_device_forget_transmit(c->device);
	for (pcb = tcp_active_pcbs; pcb; pcb = pcb->next)
		tcp_output(pcb);
}

/* --- the loop --------------------------------------------------------------- */

/* One turn: what is due, what found no room before, what came; then sleep. */
static void turn(struct card *c, unsigned most_ms)
{
	struct pollfd p = { .events = POLLIN };
	u32_t ms;
	bool more;

	p.fd = c->port ? weir_port_fd(c->port) : weir_device_fd(c->device);
	sys_check_timeouts();
	resume(c);
	more = c->port ? port_input(c) : device_input(c);
	if (c->device)
		weir_device_flush(c->device);
	ms = sys_timeouts_sleeptime();
	if (ms > most_ms)
		ms = most_ms;
	(void)poll(&p, 1, more ? 0 : (int)ms);
}

static bool is_over(const struct card *c)
{
	return weir_frames_is_shutting_down(c->frames);
}

/* --- lwIP ------------------------------------------------------------------- */

static err_t begin_netif(struct netif *n)
{
	struct card *c = n->state;
	const uint8_t mac[6] = { 0x52, 0x55, 10, 0, 2, c->port ? 15 : 2 };

	memcpy(n->name, "we", 2);
	memcpy(n->hwaddr, mac, sizeof(mac));
	n->hwaddr_len = sizeof(mac);
	n->mtu = n->mtu6 = (u16_t)c->mtu;
	n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
		   NETIF_FLAG_ETHERNET | NETIF_FLAG_IGMP | NETIF_FLAG_MLD6 |
		   NETIF_FLAG_LINK_UP;
	n->output = etharp_output;
	n->output_ip6 = ethip6_output;
	n->linkoutput = c->port ? port_output : device_output;
	return ERR_OK;
}

static int begin_stack(struct card *c)
{
	ip4_addr_t mask;
	unsigned seed = 0;

	/* its ports and identifiers come from rand() */
	(void)!getrandom(&seed, sizeof(seed), 0);
	srand(seed);
	lwip_init();
	ip4addr_aton("255.255.255.0", &mask);
	if (!netif_add(&c->netif, &c->own, &mask, &c->gateway, c, begin_netif,
		       ethernet_input))
		return -ENOMEM;
	netif_set_default(&c->netif);
	if (c->has6) {
		netif_create_ip6_linklocal_address(&c->netif, 1);
		netif_ip6_addr_set_state(&c->netif, 0, IP6_ADDR_PREFERRED);
		netif_ip6_addr_set(&c->netif, 1, &c->own6);
		netif_ip6_addr_set_state(&c->netif, 1, IP6_ADDR_PREFERRED);
	}
	netif_set_up(&c->netif);
	return 0;
}

/* --- as the network --------------------------------------------------------- */

static int serve(struct card *c)
{
	int err = answer_begin(netif_ip4_addr(&c->netif));

	if (!err)
		err = talk_listen(ECHO, "echo");
	if (!err)
		err = talk_listen(DISCARD, "sink");
	if (!err)
		err = talk_listen(SCRIPTED, NULL);
	if (err)
		return err;
	printf("ready\n");
	fflush(stdout);
	while (!is_over(c))
		turn(c, 1000);
	return 0;
}

/* --- as the guest ----------------------------------------------------------- */

/* Return: false if it is no job. */
static bool begin_job(const struct card *c, const char *text)
{
	char name[128], kind[8], where[64], host[256];
	ip_addr_t to;
	int n = 0, m = 0;
	unsigned port, bytes;

	if (sscanf(text, "%127[^:]: %7s %63s %n", name, kind, where, &n) < 3 ||
	    !n)
		return false;
	if (c->has_dns && !strcmp(where, "dns"))
		to = c->dns;
	else if (!ipaddr_aton(where, &to))
		return false;
	text += n;
	if (!strcmp(kind, "tcp") && sscanf(text, "%u %n", &port, &m) == 1 && m)
		talk_open(name, &to, (uint16_t)port, text + m);
	else if (!strcmp(kind, "udp") &&
		 sscanf(text, "%u %u", &port, &bytes) == 2)
		ask_echo(name, &to, (uint16_t)port, bytes);
	else if (!strcmp(kind, "name") &&
		 sscanf(text, "%255s %63s", host, where) == 2)
		ask_name(name, &to, host, where);
	else
		return false;
	return true;
}

/*
 * lwIP keeps ten packets for a neighbour it does not know, and drops the rest:
 * forty connections at once would wait for their second SYN.
 */
static void await_gateway(struct card *c)
{
	u32_t begun = sys_now();
	struct eth_addr *mac;
	const ip4_addr_t *ip;

	etharp_request(&c->netif, &c->gateway);
	while (etharp_find_addr(&c->netif, &c->gateway, &mac, &ip) < 0 &&
	       !is_over(c) && sys_now() - begun < GATEWAY_MS)
		turn(c, 50);
}

/* An IPv6 gateway is what the network says it is; nobody else can tell lwIP. */
static void await_router(struct card *c)
{
	u32_t begun = sys_now();
	ip6_addr_t far;

	ip6addr_aton("2001:db8::1", &far);
	while (c->has6 && !nd6_find_route(&far) && !is_over(c) &&
	       sys_now() - begun < GATEWAY_MS)
		turn(c, 50);
}

/* Return: 0; -EINVAL a job is none; -ECANCELED some were not done. */
static int do_jobs(struct card *c, char **jobs, bool together)
{
	u32_t begun;

	await_gateway(c);
	for (; *jobs && !is_over(c); jobs++) {
		if (!begin_job(c, *jobs)) {
			fprintf(stderr, "lwip: this is no job: %s\n", *jobs);
			return -EINVAL;
		}
		while (!together && talk_left() + ask_left() && !is_over(c))
			turn(c, 1000);
	}
	while (talk_left() + ask_left() && !is_over(c))
		turn(c, 1000);
	/* what they sent last, and their ends */
	begun = sys_now();
	while (tcp_active_pcbs && sys_now() - begun < LEAVE_MS && !is_over(c))
		turn(c, 100);
	return *jobs || talk_left() + ask_left() ? -ECANCELED : 0;
}

/* --- this kernel at the other end ------------------------------------------- */

struct other {
	pthread_t thread;
	int tap;
	unsigned mtu;
	struct weir_frames *frames;
	struct weir_port *port;
	struct weir_device *device;
};

static void *run_other(void *arg)
{
	struct other *o = arg;
	int err = o->port ? tap_is_guest(o->tap, o->port, o->mtu)
			  : tap_is_network(o->tap, o->device, o->frames);

	if (err)
		fprintf(stderr, "lwip: TAP: %s\n", strerror(-err));
	/* it has to end with us */
	weir_frames_begin_shutdown(o->frames);
	return NULL;
}

static int begin_other(struct other *o, const struct options *opt)
{
	o->mtu = opt->mtu;
	o->tap = tap_open(opt->tap, opt->mtu);
	if (o->tap < 0)
		return o->tap;
	return -pthread_create(&o->thread, NULL, run_other, o);
}

/* --- its end ---------------------------------------------------------------- */

static void on_signal(int number)
{
	(void)number;
	if (to_stop)
		weir_frames_begin_shutdown(to_stop);
	else
		_exit(1);
}

static void print_counts(const struct card *c)
{
	struct weir_frames_counts n = { .size = sizeof(n) };

	(void)weir_frames_counters(c->frames, &n);
	printf("up %llu frames %llu bytes %llu wakes, "
	       "down %llu frames %llu bytes %llu wakes\n",
	       (unsigned long long)n.up.frames, (unsigned long long)n.up.bytes,
	       (unsigned long long)n.up.wakes,
	       (unsigned long long)n.down.frames,
	       (unsigned long long)n.down.bytes,
	       (unsigned long long)n.down.wakes);
	printf("refused %lu, lost %lu\n", c->refused, c->lost);
	if (c->device)
		printf("syns %lu, questions %lu, dropped %lu, fragments %lu, "
		       "replaced %lu\n",
		       look_counts()->syns, look_counts()->questions,
		       look_counts()->dropped, look_counts()->kept,
		       look_counts()->replaced);
	fflush(stdout);
}

/* Both ends of the rings; lwIP has one, the TAP the other. */
static int make_ends(struct card *c, struct other *o, const struct options *opt)
{
	struct weir_frames_options fo = { .size = sizeof(fo),
					  .capacity = opt->capacity,
					  .mtu = opt->mtu };
	struct weir_device *device;
	struct weir_port *port;

	c->frames = o->frames = weir_frames_new(&fo);
	if (!c->frames)
		return -errno;
	/* neither says that it can offloads: all frames are finished ones */
	port = weir_port_new(c->frames, NULL);
	device = weir_device_new(c->frames, NULL);
	if (!port || !device)
		return -errno;
	c->port = opt->is_guest ? port : NULL;
	c->device = opt->is_guest ? NULL : device;
	o->port = opt->is_guest ? NULL : port;
	o->device = opt->is_guest ? device : NULL;
	ip4addr_aton(opt->is_guest ? "10.0.2.15" : "10.0.2.2", &c->own);
	ip4addr_aton("10.0.2.2", &c->gateway);
	ip6addr_aton(opt->is_guest ? "fd77:6972::15" : "fd77:6972::2",
		     &c->own6);
	c->has6 = true;
	return 0;
}

static int run_with_tap(struct card *c, const struct options *opt)
{
	static struct other o;
	int err = make_ends(c, &o, opt);

	if (err)
		return err;
	to_stop = c->frames;
	err = begin_stack(c);
	if (!err)
		err = begin_other(&o, opt);
	if (err)
		return err;
	err = opt->is_guest ? do_jobs(c, opt->jobs, opt->together) : serve(c);
	weir_frames_begin_shutdown(c->frames);
	pthread_join(o.thread, NULL);
	print_counts(c);
	weir_port_free(c->port ? c->port : o.port);
	weir_device_free(c->device ? c->device : o.device);
	weir_frames_unref(c->frames);
	return err;
}

/* --- Weir at the other end -------------------------------------------------- */

static struct weir_net *make_net(struct card *c, const struct options *opt,
				 struct weir_error *why)
{
	struct weir_frames_options fo = { .size = sizeof(fo),
					  .capacity = opt->capacity,
					  .mtu = opt->mtu };
	struct weir_net_options o = { .size = sizeof(o),
				      .net = opt->net,
				      .rules = opt->rules,
				      .n_rules = opt->n_rules,
				      .frames = &fo };
	struct weir_net *net = weir_net_new(&o, why);
	struct weir_ip ip;

	if (!net)
		return NULL;
	c->port = weir_net_port(net);
	c->frames = weir_net_frames(net);
	if (!weir_net_guest(net, 4, &ip))
		memcpy(&c->own.addr, ip.bytes, 4);
	if (!weir_net_gateway(net, 4, &ip))
		memcpy(&c->gateway.addr, ip.bytes, 4);
	c->has6 = !weir_net_guest(net, 6, &ip);
	if (c->has6)
		memcpy(c->own6.addr, ip.bytes, 16);
	c->has_dns = !weir_net_dns(net, 4, &ip);
	if (c->has_dns)
		memcpy(&ip_2_ip4(&c->dns)->addr, ip.bytes, 4);
	return net;
}

static int run_with_net(struct card *c, const struct options *opt)
{
	struct weir_net_counts n = { .size = sizeof(n) };
	struct weir_error why = { 0 };
	struct weir_net *net = make_net(c, opt, &why);
	int err, late;

	if (!net || weir_net_start(net, &why)) {
		fprintf(stderr, "lwip: %s\n", why.text);
		weir_net_free(net);
		return why.code;
	}
	to_stop = c->frames;
	err = begin_stack(c);
	if (!err) {
		await_router(c);
		err = do_jobs(c, opt->jobs, opt->together);
	}
	late = weir_net_stop(net);
	print_counts(c);
	if (!weir_net_counters(net, &n))
		printf("flows %llu, denied %llu, dropped %llu\n",
		       (unsigned long long)n.flows_total,
		       (unsigned long long)n.denied,
		       (unsigned long long)n.dropped);
	weir_net_free(net);
	return err ? err : late;
}

/* --- the program ------------------------------------------------------------ */

static int run(const struct options *opt)
{
	static struct card c;

	c.mtu = opt->mtu;
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	return opt->tap ? run_with_tap(&c, opt) : run_with_net(&c, opt);
}

static int usage(void)
{
	fprintf(stderr,
		"usage: lwip network --tap NAME [--drop-port N] "
		"[OPTION...]\n"
		"       lwip guest [--tap NAME | --net WHAT | --rule RULE]... "
		"[--together] [OPTION...] [JOB...]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option names[] = {
		{ "tap", 1, NULL, 't' },      { "drop-port", 1, NULL, 'x' },
		{ "data", 1, NULL, 'd' },     { "mtu", 1, NULL, 'm' },
		{ "timeout", 1, NULL, 's' },  { "capacity", 1, NULL, 'c' },
		{ "together", 0, NULL, 'j' }, { "net", 1, NULL, 'n' },
		{ "rule", 1, NULL, 'r' },     { NULL, 0, NULL, 0 },
	};
	struct options opt = { .mtu = 1500, .seconds = 60 };
	int o, err;

	while ((o = getopt_long(argc, argv, "", names, NULL)) != -1) {
		unsigned n = optarg ? (unsigned)strtoul(optarg, NULL, 10) : 0;

		switch (o) {
		case 't':
			opt.tap = optarg;
			break;
		case 'd':
			opt.data = optarg;
			break;
		case 'x':
			opt.drop_port = n;
			break;
		case 'm':
			opt.mtu = n;
			break;
		case 's':
			opt.seconds = n;
			break;
		case 'c':
			opt.capacity = n;
			break;
		case 'j':
			opt.together = true;
			break;
		case 'n':
			opt.net = optarg;
			break;
		case 'r':
			if (opt.n_rules < RULES)
				opt.rules[opt.n_rules++] = optarg;
			break;
		default:
			return usage();
		}
	}
	if (optind == argc)
		return usage();
	opt.is_guest = !strcmp(argv[optind], "guest");
	if (!opt.is_guest && (strcmp(argv[optind], "network") || !opt.tap))
		return usage();
	opt.jobs = argv + optind + 1;
	look_begin((uint16_t)opt.drop_port);
	err = talk_begin(opt.data, opt.seconds);
	if (!err)
		err = run(&opt);
	if (err)
		fprintf(stderr, "lwip: %s\n", strerror(-err));
	return err || talk_failed() + ask_failed() ? 1 : 0;
}
