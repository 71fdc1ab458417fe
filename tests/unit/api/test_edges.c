/* SPDX-License-Identifier: Apache-2.0 */
/* What is short, comes too early or too late, or from two threads at once. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../t.h"
#include "embed.h"

#define ROUNDS 20

static struct embed e;

static const char *const nothing[] = { NULL };

static struct weir_net_counts counts(void)
{
	struct weir_net_counts c = { .size = sizeof(c) };

	CHECK_EQ(weir_net_counters(e.net, &c), 0);
	return c;
}

static void has(const char *text, const char *words)
{
	if (!strstr(text, words))
		fail_msg("'%s' has not '%s'", text, words);
}

/* --- too early --- */

/* A frame that waited in the ring is judged by the names that were given. */
static void names_are_known_before_the_first_frame(void **state)
{
	char rule[40], got[8];
	const char *const rules[] = { rule, NULL };
	uint16_t port;
	int fd = embed_host(&port);

	(void)state;
	snprintf(rule, sizeof(rule), "allow udp vm.test:%u", port);
	for (int i = 0; i < ROUNDS; i++) {
		struct weir_net_options o = embed_options(rules);
		struct pollfd p = { .fd = fd, .events = POLLIN };

		CHECK(embed_new(&e, &o));
		CHECK_EQ(weir_net_cache_name(e.net, "vm.test", 4, &e.gateway, 1,
					     600),
			 0);
		embed_say(&e, &e.gateway, port, "early");
		embed_start(&e);
		CHECK_EQ(poll(&p, 1, 5000), 1);
		CHECK_EQ(recv(fd, got, sizeof(got), 0), 5);
		embed_free(&e);
	}
	close(fd);
}

static void frames_that_shut_down_begin_no_network(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	unsigned fds = embed_fds();

	(void)state;
	CHECK(embed_new(&e, &o));
	weir_frames_begin_shutdown(weir_net_frames(e.net));
	CHECK_EQ(weir_net_start(e.net, &e.why), -ESHUTDOWN);
	CHECK_EQ(e.why.code, -ESHUTDOWN);
	has(e.why.text, "before it was served");
	CHECK_EQ(weir_net_start(e.net, NULL), -EALREADY);
	CHECK_EQ(weir_net_set_policy(e.net, NULL, 0, NULL), -ESHUTDOWN);
	embed_free(&e);
	CHECK_EQ(embed_fds(), fds);
}

/* A log whose reader went kills no thread of the program. */
static void before_the_start_nothing_is_logged(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	char path[] = "/tmp/weir-edges-XXXXXX", text[80];
	const char *const rule = "deny tcp any:25";
	int fd, status;
	pid_t child;

	(void)state;
	CHECK(mkdtemp(path) != NULL);
	snprintf(text, sizeof(text), "log: { file: %s/log }\n", path);
	child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		(void)signal(SIGPIPE, SIG_DFL);
		o.config_text = text;
		if (chdir(path) || mkfifo("log", 0600))
			_exit(1);
		fd = open("log", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (fd < 0 || !embed_new(&e, &o))
			_exit(2);
		close(fd);
		if (weir_net_set_policy(e.net, &rule, 1, NULL) ||
		    weir_net_start(e.net, NULL) ||
		    weir_net_set_policy(e.net, NULL, 0, NULL))
			_exit(3);
		weir_net_free(e.net);
		_exit(0);
	}
	CHECK_EQ(waitpid(child, &status, 0), child);
	CHECK_EQ(status, 0);
	CHECK_EQ(chdir(path), 0);
	CHECK_EQ(unlink("log"), 0);
	CHECK_EQ(rmdir(path), 0);
}

#define PORTS 300

static void *publish_soon(void *arg)
{
	int *id = arg;

	while ((*id = weir_net_publish(e.net, "127.0.0.1:0:9", NULL, NULL)) ==
	       -EINVAL)
		(void)sched_yield();
	return NULL;
}

/* A port that is published during the start comes after those of the start. */
static void all_ports_of_the_start_are_there(void **state)
{
	const char *spec = "127.0.0.1:0:1-300";
	struct weir_net_options o = embed_options(nothing);

	(void)state;
	o.publish = &spec;
	o.n_publish = 1;
	for (int i = 0; i < ROUNDS; i++) {
		unsigned fds = embed_fds();
		pthread_t t;
		int id;

		CHECK(embed_new(&e, &o));
		CHECK_EQ(pthread_create(&t, NULL, publish_soon, &id), 0);
		CHECK_EQ(weir_net_start(e.net, &e.why), 0);
		CHECK_EQ(pthread_join(t, NULL), 0);
		CHECK_EQ(id, PORTS);
		/* the keeper has each, and the engine */
		CHECK(embed_fds() > fds + 2 * PORTS);
		embed_free(&e);
		CHECK_EQ(embed_fds(), fds);
	}
}

/* --- what is short --- */

static void may_open(rlim_t n)
{
	struct rlimit r;

	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &r), 0);
	r.rlim_cur = n;
	CHECK_EQ(setrlimit(RLIMIT_NOFILE, &r), 0);
}

/* One rule and one port more, or none and EMFILE.  Return: were both there? */
static bool change_both(int fd, uint16_t port)
{
	char rule[40];
	int r, id = weir_net_publish(e.net, "127.0.0.1:0:90", NULL, &e.why);

	if (id < 0)
		CHECK_EQ(id, -EMFILE);
	snprintf(rule, sizeof(rule), "allow udp host:%u", port);
	r = weir_net_add_rule(e.net, rule, 1, &e.why);
	if (r < 0)
		CHECK_EQ(r, -EMFILE);
	/* what it said is so */
	if (id >= 0 && r >= 0)
		CHECK(embed_reaches(&e, fd, &e.gateway, port));
	if (r < 0)
		CHECK_EQ(weir_net_remove_rule(e.net, 1, NULL), -ERANGE);
	if (id < 0)
		CHECK_EQ(weir_net_unpublish(e.net, 1), -ENOENT);
	return id >= 0 && r >= 0;
}

/* At every step: a code, a sentence, and nothing is left open; or it works. */
static void descriptors_may_run_out_anywhere(void **state)
{
	const char *spec = "127.0.0.1:0:80";
	struct weir_net_options o = embed_options(nothing);
	struct rlimit was;
	uint16_t port;
	int fd = embed_host(&port);
	unsigned fds = embed_fds();
	bool all = false;

	(void)state;
	CHECK_EQ(getrlimit(RLIMIT_NOFILE, &was), 0);
	o.publish = &spec;
	o.n_publish = 1;
	/* embed_fds() has counted ., .. and its own */
	for (rlim_t more = 0; !all; more++) {
		int r = 0;

		CHECK(more < 100);
		may_open(fds - 3 + more);
		if (!embed_new(&e, &o)) {
			CHECK_EQ(e.why.code, -EMFILE);
			CHECK(e.why.text[0]);
		} else {
			r = weir_net_start(e.net, &e.why);
			if (r) {
				CHECK_EQ(r, -EMFILE);
				CHECK_EQ(e.why.code, r);
			} else {
				all = change_both(fd, port);
			}
			embed_free(&e);
		}
		may_open(was.rlim_cur);
		CHECK_EQ(embed_fds(), fds);
	}
	close(fd);
}

static void sentences_are_whole(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	struct weir_frames_options frames = { .size = sizeof(frames),
					      .capacity = 3 };
	char text[900];
	size_t len;

	(void)state;
	o.frames = &frames;
	CHECK(!embed_new(&e, &o));
	has(e.why.text, "frames: ");
	o.frames = NULL;
	o.reserved = 1;
	CHECK(!embed_new(&e, &o));
	CHECK_EQ(e.why.code, -E2BIG);
	has(e.why.text, "does not know");
	o.reserved = 0;
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = 0;
	o.net = text;
	CHECK(!embed_new(&e, &o));
	has(e.why.text, "...: ");
	/* a character of three bytes is not cut, wherever the end falls */
	o.net = "none";
	for (unsigned shift = 0; shift < 3; shift++) {
		size_t at = (size_t)snprintf(text, sizeof(text), "%.*s", shift,
					     "yyy");

		while (at < 700) {
			memcpy(text + at, "\xe2\x82\xac", 4);
			at += 3;
		}
		o.config_file = text;
		CHECK(!embed_new(&e, &o));
		len = strlen(e.why.text);
		CHECK(len > 0 && len < WEIR_ERROR_BYTES);
		CHECK(mbstowcs(NULL, e.why.text, 0) != (size_t)-1);
	}
	o.config_file = NULL;
	CHECK(embed_new(&e, &o));
	CHECK_EQ(weir_net_add_rule(e.net, "deny any", 7, &e.why), -ERANGE);
	has(e.why.text, "rule 7: ");
	CHECK_EQ(weir_net_remove_rule(e.net, 7, &e.why), -ERANGE);
	has(e.why.text, "rule 7: ");
	embed_start(&e);
	CHECK_EQ(weir_net_publish(e.net, "nonsense", NULL, &e.why), -EINVAL);
	has(e.why.text, "publish nonsense: ");
	embed_free(&e);
}

/* --- the end --- */

static atomic_bool ended;

static void *watch_counters(void *arg)
{
	uint64_t before = 0;

	while (!ended) {
		uint64_t now = counts().frames_up;

		if (now < before)
			*(bool *)arg = true;
		before = now;
	}
	return NULL;
}

static void *stop(void *arg)
{
	(void)arg;
	return (void *)(intptr_t)weir_net_stop(e.net);
}

static atomic_int hooked;

static void on_end(void *arg)
{
	(void)arg;
	hooked++;
}

/* Two that stop, one that triggers, one that asks. */
static void an_end_is_the_same_for_all(void **state)
{
	struct weir_net_options o = embed_options(nothing);

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		bool back = false;
		void *said[2];
		pthread_t t[3];
		int r;

		ended = false;
		hooked = 0;
		CHECK(embed_new(&e, &o));
		CHECK_EQ(weir_net_set_termination_hook(e.net, on_end, NULL), 0);
		embed_start(&e);
		for (uint16_t k = 1; k < 6; k++)
			embed_say(&e, &e.gateway, k, "no");
		while (counts().frames_up < 5)
			(void)sched_yield();
		CHECK_EQ(pthread_create(&t[2], NULL, watch_counters, &back), 0);
		CHECK_EQ(pthread_create(&t[0], NULL, stop, NULL), 0);
		CHECK_EQ(pthread_create(&t[1], NULL, stop, NULL), 0);
		r = weir_net_trigger_termination(e.net);
		CHECK(r == 0 || r == -EINVAL);
		for (int k = 0; k < 2; k++)
			CHECK_EQ(pthread_join(t[k], &said[k]), 0);
		CHECK(said[0] == said[1]);
		ended = true;
		CHECK_EQ(pthread_join(t[2], NULL), 0);
		CHECK_EQ(hooked, r == 0);
		CHECK(!back);
		CHECK_EQ(counts().frames_up, 5);
		embed_free(&e);
	}
}

static double busy_s(void)
{
	struct timespec t;

	CHECK_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* How far the guest's bytes were acknowledged, once nothing comes for a while. */
static uint32_t acked(uint32_t before)
{
	struct pollfd p = { .fd = weir_port_fd(e.port), .events = POLLIN };
	static uint8_t f[WEIR_PORT_ROOM];
	const uint8_t *ip = f + WEIR_PORT_HEADER + 14;
	int r;

	while ((r = weir_port_read_frame(e.port, f, sizeof(f))) > 0 ||
	       poll(&p, 1, 50) > 0)
		if (r > 0 && ip[9] == 6) {
			memcpy(&before, ip + 20 + 8, 4);
			before = ntohl(before);
		}
	return before;
}

/* A guest has sent more than its host takes.  Return: what holds it open. */
static int owe(int host)
{
	static char much[1200];
	uint32_t seq = 1, got = 0, ack;
	const uint8_t *ip;
	struct sockaddr_in a;
	socklen_t room = sizeof(a);
	size_t len;
	int sink;

	CHECK_EQ(getsockname(host, (struct sockaddr *)&a, &room), 0);
	embed_segment(&e, ntohs(a.sin_port), seq++, 0, 0x02, "", 0);
	ip = embed_hear(&e, 6, &len);
	CHECK_EQ(ip[20 + 13], 0x12); /* SYN, ACK */
	memcpy(&ack, ip + 20 + 4, 4);
	ack = ntohl(ack) + 1;
	sink = accept4(host, NULL, NULL, SOCK_CLOEXEC);
	CHECK(sink >= 0);
	do {
		seq = got ? got : seq;
		for (int i = 0; i < 20; i++, seq += sizeof(much))
			embed_segment(&e, ntohs(a.sin_port), seq, ack, 0x10,
				      much, sizeof(much));
		got = acked(seq);
	} while (got == seq);
	return sink;
}

/* Frames that shut down while a stop waits: it waits on, and asleep. */
static void a_stop_that_waits_sleeps(void **state)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr = { htonl(INADDR_LOOPBACK) } };
	const char *const rules[] = { "allow tcp host", NULL };
	struct weir_net_options o = embed_options(rules);
	int host = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), small = 2048;
	int sink;
	double before;
	pthread_t t;
	void *said;

	(void)state;
	CHECK_EQ(setsockopt(host, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small)),
		 0);
	CHECK(bind(host, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	      listen(host, 1) == 0);
	o.grace_ms = 600;
	CHECK(embed_new(&e, &o));
	embed_start(&e);
	sink = owe(host);
	CHECK_EQ(pthread_create(&t, NULL, stop, NULL), 0);
	(void)poll(NULL, 0, 100);
	weir_frames_begin_shutdown(weir_net_frames(e.net));
	(void)poll(NULL, 0, 100);
	before = busy_s();
	CHECK_EQ(counts().flows, 1); /* errands are done still */
	(void)poll(NULL, 0, 200);
	CHECK(busy_s() - before < 0.1);
	CHECK_EQ(pthread_join(t, &said), 0);
	CHECK_EQ((int)(intptr_t)said, -ETIMEDOUT);
	embed_free(&e);
	close(sink);
	close(host);
}

/* --- at once --- */

static void forget(void *arg, const char *event, size_t len)
{
	(void)event;
	(void)len;
	++*(atomic_uint *)arg;
}

static void *change_hooks(void *arg)
{
	for (int i = 0; i < 200; i++) {
		CHECK_EQ(weir_net_set_event_hook(e.net, NULL, NULL), 0);
		CHECK_EQ(weir_net_set_event_hook(e.net, forget, arg), 0);
	}
	return NULL;
}

/* Whoever comes last, the hook that is set is the one that hears. */
static void hooks_may_be_changed_at_once(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	atomic_uint heard[2] = { 0, 0 };
	unsigned before;
	pthread_t t[2];

	(void)state;
	CHECK(embed_new(&e, &o));
	embed_start(&e);
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_create(&t[i], NULL, change_hooks, &heard[i]),
			 0);
	for (uint16_t k = 1; k < 100; k++)
		embed_say(&e, &e.gateway, k, "no");
	for (int i = 0; i < 2; i++)
		CHECK_EQ(pthread_join(t[i], NULL), 0);
	before = heard[0] + heard[1];
	CHECK_EQ(weir_net_set_policy(e.net, NULL, 0, NULL), 0);
	for (int i = 0; i < 500 && heard[0] + heard[1] == before; i++)
		(void)poll(NULL, 0, 10);
	CHECK(heard[0] + heard[1] > before);
	CHECK_EQ(weir_net_set_event_hook(e.net, NULL, NULL), 0);
	before = heard[0] + heard[1];
	CHECK_EQ(weir_net_stop(e.net), 0);
	CHECK_EQ(heard[0] + heard[1], before);
	embed_free(&e);
}

/* A hook that always causes another event, and takes its time. */
static void cause(void *arg, const char *event, size_t len)
{
	(void)event;
	(void)len;
	if (!ended)
		CHECK_EQ(weir_net_set_policy(e.net, NULL, 0, NULL), 0);
	else
		(void)weir_net_set_policy(e.net, NULL, 0, NULL);
	++*(atomic_uint *)arg;
}

static void a_hook_that_causes_events_ends(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	atomic_uint n = 0;

	(void)state;
	ended = false;
	CHECK(embed_new(&e, &o));
	CHECK_EQ(weir_net_set_event_hook(e.net, cause, &n), 0);
	CHECK_EQ(weir_net_start(e.net, NULL), 0);
	while (n < 100)
		(void)sched_yield();
	CHECK_EQ(weir_net_add_rule(e.net, "deny tcp any", 0, NULL), 1);
	ended = true;
	CHECK_EQ(weir_net_stop(e.net), 0);
	embed_free(&e);
}

static void networks_do_not_know_each_other(void **state)
{
	struct weir_net_options o = embed_options(nothing);
	struct weir_net *net[12];
	unsigned fds = embed_fds();

	(void)state;
	for (int i = 0; i < 12; i++) {
		net[i] = weir_net_new(&o, &e.why);
		CHECK(net[i] != NULL);
		CHECK_EQ(weir_net_start(net[i], &e.why), 0);
	}
	for (int i = 0; i < 12; i += 2)
		CHECK_EQ(weir_net_stop(net[i]), 0);
	for (int i = 0; i < 12; i++) {
		CHECK_EQ(weir_net_set_policy(net[i], NULL, 0, NULL),
			 i % 2 ? 0 : -ESHUTDOWN);
		weir_net_free(net[i]);
	}
	CHECK_EQ(embed_fds(), fds);
}

T_MAIN(T(names_are_known_before_the_first_frame),
       T(frames_that_shut_down_begin_no_network),
       T(before_the_start_nothing_is_logged),
       T(all_ports_of_the_start_are_there), T(descriptors_may_run_out_anywhere),
       T(sentences_are_whole), T(an_end_is_the_same_for_all),
       T(a_stop_that_waits_sleeps), T(hooks_may_be_changed_at_once),
       T(a_hook_that_causes_events_ends), T(networks_do_not_know_each_other))
