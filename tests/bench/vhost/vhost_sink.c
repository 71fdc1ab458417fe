/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost_sink.c - serve one vhost-user front-end and drop all it sends
 *
 * usage: vhost_sink SOCKET [SECONDS [echo]]
 *	listens at SOCKET; when a front-end has come and its first frame too,
 *	counts for SECONDS (5) and prints frames and bytes a second, CPU seconds
 *	used, kicks and interrupts, and the memory that is its own
 *
 * With `echo` every frame goes back as it came; `full` is what did not fit.
 * The loop is the engine's: at most 64 frames a turn, then a flush.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "link/vhost_user.h"
#include "sys/guarded.h"
#include "sys/loop.h"

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static int await_front_end(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), c;

	if (s < 0 || strlen(path) >= sizeof(a.sun_path))
		return -1;
	strcpy(a.sun_path, path);
	unlink(path);
	if (bind(s, (const struct sockaddr *)&a, sizeof(a)) || listen(s, 1))
		return -1;
	c = accept4(s, NULL, NULL, SOCK_CLOEXEC);
	close(s);
	return c;
}

/* Memory that is not the guest's, in KiB. */
static long own_memory(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	long sum = 0, v;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "RssAnon: %ld", &v) == 1 ||
		    sscanf(line, "RssFile: %ld", &v) == 1)
			sum += v;
	if (f)
		fclose(f);
	return sum;
}

struct run {
	struct weir_link link;
	uint64_t frames, bytes, turns;
	double from, cpu, until;
	bool echo;
};

/* Return: false when it is over. */
static bool turn(struct run *r, int loop, double seconds)
{
	static uint8_t room[WEIR_LINK_ROOM_BYTES];
	struct weir_loop_event e;
	int n = weir_loop_wait(loop, &e, 1, 1000000);

	if (n < 0 || (n == 1 && r->link.ops->event(r->link.self, true, false)))
		return false;
	for (unsigned i = 0; n == 1 && i < WEIR_TURN_FRAMES_UP; i++) {
		int len = r->link.ops->receive(r->link.self, room);

		if (len == -EAGAIN)
			break;
		if (len > 0) {
			r->frames++;
			r->bytes += (uint64_t)len - WEIR_VNET_BYTES;
			if (r->echo) {
				const struct weir_span all = { room,
							       (size_t)len };

				(void)r->link.ops->send(r->link.self, &all, 1);
			}
		}
	}
	r->link.ops->flush(r->link.self);
	r->turns++;
	if (r->frames && r->from == 0) {
		r->from = now();
		r->cpu = cpu();
		r->frames = r->bytes = r->turns = 0;
	}
	r->until = now();
	return r->from == 0 || r->until < r->from + seconds;
}

int main(int argc, char **argv)
{
	const struct weir_vhost_user_options o = {
		.mac = { { 2, 0, 0, 0, 0, 1 } }, .mtu = 1500
	};
	double seconds = argc > 2 ? atof(argv[2]) : 5, took;
	struct weir_vhost_user_counts c;
	struct run r = { .echo = argc > 3 };
	int sock, loop;

	if (argc < 2 || weir_guarded_install()) {
		fprintf(stderr, "usage: vhost_sink SOCKET [SECONDS]\n");
		return 2;
	}
	sock = await_front_end(argv[1]);
	loop = weir_loop_open();
	if (sock < 0 || loop < 0 || weir_vhost_user_open(sock, &o, &r.link) ||
	    weir_loop_watch(loop, r.link.ops->fd(r.link.self), 0, false,
			    false)) {
		perror("vhost_sink");
		return 1;
	}
	while (turn(&r, loop, seconds))
		;
	took = r.until - r.from;
	c = weir_vhost_user_counts(r.link.self);
	if (weir_vhost_user_why(r.link.self))
		printf("why %s\n", weir_vhost_user_why(r.link.self));
	if (r.from == 0)
		return 1;
	printf("frames_per_s %.0f\nbytes_per_s %.0f\ncpu_per_s %.3f\n"
	       "turns_per_s %.0f\nkicks %llu\ncalls %llu\nbad %llu\n"
	       "full %llu\nmemory_kib %ld\n",
	       (double)r.frames / took, (double)r.bytes / took,
	       (cpu() - r.cpu) / took, (double)r.turns / took,
	       (unsigned long long)c.kicks, (unsigned long long)c.calls,
	       (unsigned long long)c.bad, (unsigned long long)c.full,
	       own_memory());
	r.link.ops->close(r.link.self);
	return 0;
}
