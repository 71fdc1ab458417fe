/* SPDX-License-Identifier: Apache-2.0 */
#include "control/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/wr.h"

#include "../t.h"

static char dir[] = "/tmp/weir-log.XXXXXX";
static char path[64], second[64];
static char said[2048];
static unsigned n_said;
static char text[4 << 20];

static void hear(void *ctx, enum weir_voice_tone tone, const char *s)
{
	(void)ctx;
	(void)tone;
	n_said++;
	snprintf(said, sizeof(said), "%s", s);
}

static const struct weir_voice voice = { .say = hear };

static int begin(void **state)
{
	(void)state;
	alarm(60); /* nothing here may wait for ever */
	(void)signal(SIGPIPE, SIG_IGN);
	(void)signal(SIGXFSZ, SIG_IGN);
	strcpy(dir, "/tmp/weir-log.XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/log", dir);
	snprintf(second, sizeof(second), "%s/log.1", dir);
	n_said = 0;
	said[0] = '\0';
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	unlink(second);
	return rmdir(dir);
}

static struct weir_log *open_log(const char *where, uint32_t kinds)
{
	struct weir_log *l = NULL;

	CHECK_EQ(weir_log_open(where, kinds, &voice, &l), 0);
	CHECK(l != NULL);
	return l;
}

static int open_error(const char *where)
{
	struct weir_log *l = NULL;
	int r = weir_log_open(where, 0, &voice, &l);

	CHECK(l == NULL);
	return r;
}

static void put(struct weir_log *l, uint64_t n, size_t len)
{
	struct weir_event *e = weir_log_begin(l, WEIR_EVENT_DNS);

	e->has = WEIR_EVENT_HAS_NAME | WEIR_EVENT_HAS_MS | WEIR_EVENT_HAS_TEXT;
	e->ms = n;
	e->type = 1;
	strcpy(e->name, "a.example");
	memset(e->text, 't', len);
	e->text[len] = '\0';
	weir_log_put(l, e);
}

static size_t slurp_fd(int fd)
{
	size_t n = 0;
	ssize_t got;

	while ((got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	return n;
}

static size_t slurp(const char *from)
{
	int fd = open(from, O_RDONLY);
	size_t n;

	CHECK(fd >= 0);
	n = slurp_fd(fd);
	close(fd);
	return n;
}

static uint64_t number_after(const char *line, const char *key)
{
	const char *at = strstr(line, key);

	CHECK(at != NULL);
	return strtoull(at + strlen(key), NULL, 10);
}

/*
 * @text is whole lines that go on from number @next; `lost` ones step over what
 * is missing.  Return: the next number.
 */
static uint64_t check_lines(uint64_t next, uint64_t *ret_lost)
{
	char *line = text;

	while (*line) {
		char *nl = strchr(line, '\n');

		CHECK(nl != NULL);
		*nl = '\0';
		CHECK(line[0] == '{' && nl[-1] == '}');
		CHECK(strncmp(line, "{\"ts\":\"", 7) == 0);
		CHECK(strstr(line + 1, "{\"ts") == NULL);
		if (strstr(line, "\"event\":\"lost\"")) {
			uint64_t n = number_after(line, "\"count\":");

			next += n;
			*ret_lost += n;
		} else {
			CHECK_EQ(number_after(line, "\"ms\":"), next);
			next++;
		}
		line = nl + 1;
	}
	return next;
}

static void a_file_is_made_for_its_owner_and_appended_to(void **state)
{
	uint64_t lost = 0;
	struct stat st;
	struct weir_log *l;
	mode_t was = umask(0);

	(void)state;
	l = open_log(path, 0);
	umask(was);
	CHECK_EQ(stat(path, &st), 0);
	CHECK_EQ(st.st_mode & 07777, 0600);
	put(l, 0, 10);
	put(l, 1, 10);
	CHECK_EQ(slurp(path), 0); /* a batch */
	CHECK_EQ(weir_log_flush(l), 0);
	CHECK(slurp(path) > 0);
	weir_log_close(l);
	l = open_log(path, 0);
	put(l, 2, 10);
	weir_log_close(l); /* flushes */
	slurp(path);
	CHECK_EQ(check_lines(0, &lost), 3);
	CHECK_EQ(lost, 0);
	CHECK_EQ(n_said, 0);
}

static void a_descriptor_of_the_log_is_not_inherited(void **state)
{
	int before = dup(0), fd;
	struct weir_log *l;

	(void)state;
	close(before); /* the next one to be had */
	l = open_log(path, 0);
	fd = before;
	CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	weir_log_close(l);
	CHECK_EQ(fcntl(fd, F_GETFD), -1);
}

static void what_cannot_be_a_log_is_refused(void **state)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	CHECK_EQ(open_error(dir), -EISDIR);
	CHECK_EQ(open_error("/nonexistent/log"), -ENOENT);
	CHECK_EQ(open_error(""), -ENOENT);
	CHECK_EQ(mkfifo(path, 0600), 0);
	CHECK_EQ(open_error(path), -ENXIO); /* and does not wait for a reader */
	strcpy(a.sun_path, second);
	CHECK_EQ(bind(s, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_EQ(open_error(second), -ENXIO);
	close(s);
}

static void a_log_tells_what_is_wanted_and_always_what_is_lost(void **state)
{
	struct weir_log *l = open_log(path, WEIR_EVENT_BIT(WEIR_EVENT_DENY));
	struct weir_event *e;

	(void)state;
	CHECK(weir_log_wants(l, WEIR_EVENT_DENY));
	CHECK(!weir_log_wants(l, WEIR_EVENT_DNS));
	CHECK_EQ(weir_log_kinds(l), WEIR_EVENT_BIT(WEIR_EVENT_DENY));
	put(l, 0, 10);
	CHECK_EQ(weir_log_flush(l), 0);
	CHECK_EQ(slurp(path), 0);
	e = weir_log_begin(l, WEIR_EVENT_LOST);
	e->has = WEIR_EVENT_HAS_COUNT;
	e->count = 12;
	weir_log_put(l, e);
	weir_log_close(l);
	slurp(path);
	CHECK_EQ(number_after(text, "\"event\":\"lost\",\"count\":"), 12);
	l = open_log(path, 0);
	CHECK_EQ(weir_log_kinds(l), WEIR_EVENT_ALL);
	weir_log_close(l);
}

static void no_log_wants_nothing(void **state)
{
	struct weir_rd in = weir_rd_over("\0\1x", 3);

	(void)state;
	CHECK(!weir_log_wants(NULL, WEIR_EVENT_DENY));
	CHECK_EQ(weir_log_kinds(NULL), 0);
	CHECK_EQ(weir_log_flush(NULL), 0);
	CHECK_EQ(weir_log_reopen(NULL), 0);
	CHECK_EQ(weir_log_fd(NULL), -1);
	CHECK_EQ(weir_log_lost(NULL), 0);
	weir_log_take(NULL, WEIR_LOG_OF_ENGINE, &in);
	weir_log_close(NULL);
}

static void an_event_has_the_time_of_its_beginning(void **state)
{
	struct weir_log *l = open_log(path, 0);
	time_t before = time(NULL), after;
	uint64_t us = weir_log_begin(l, WEIR_EVENT_STOP)->unix_us;

	(void)state;
	after = time(NULL);
	CHECK(us / 1000000 >= (uint64_t)before - 1);
	CHECK(us / 1000000 <= (uint64_t)after);
	weir_log_close(l);
}

/* --- from another process --- */

static struct weir_event told;

static void add_event(struct weir_wr *w, enum weir_event_kind kind, uint64_t n)
{
	size_t at = weir_wr_len(w);

	weir_event_init(&told, kind, 1);
	told.has = UINT32_MAX & ~WEIR_EVENT_HAS_BYTES;
	told.protocol = 6;
	told.verdict = 'd';
	told.reason = WEIR_REASON_RULE;
	told.ms = told.count = n;
	strcpy(told.text, "x");
	weir_wr_be16(w, 0);
	weir_event_build(&told, w);
	CHECK(weir_wr_ok(w));
	weir_wr_put16(w, at, (uint16_t)(weir_wr_len(w) - at - 2));
}

static void take(struct weir_log *l, struct weir_wr *w)
{
	struct weir_rd in = weir_rd_over(w->start, weir_wr_len(w));

	weir_log_take(l, WEIR_LOG_OF_ENGINE, &in);
}

static void what_the_engine_tells_is_written(void **state)
{
	struct weir_log *l = open_log(path, 0);
	static uint8_t room[32768];
	struct weir_wr w = weir_wr_over(room, sizeof(room));
	uint64_t lost = 0;

	(void)state;
	for (uint64_t i = 0; i < 100; i++)
		add_event(&w, i % 2 ? WEIR_EVENT_DENY : WEIR_EVENT_DNS, i);
	add_event(&w, WEIR_EVENT_LOST, 3);
	take(l, &w);
	weir_log_close(l);
	slurp(path);
	CHECK_EQ(check_lines(0, &lost), 103);
	CHECK_EQ(lost, 3);
	CHECK_EQ(n_said, 0);
}

static void
what_is_not_the_engines_to_tell_is_counted_and_said_once(void **state)
{
	static const enum weir_event_kind own[] = {
		WEIR_EVENT_START,   WEIR_EVENT_STOP,   WEIR_EVENT_POLICY,
		WEIR_EVENT_PORTS,   WEIR_EVENT_SECRET, WEIR_EVENT_SECRET_USE,
		WEIR_EVENT_CAPTURE,
	};
	struct weir_log *l = open_log(path, 0);
	uint8_t room[4096];
	struct weir_wr w = weir_wr_over(room, sizeof(room));
	size_t n = sizeof(own) / sizeof(own[0]);
	uint64_t lost = 0;

	(void)state;
	for (size_t i = 0; i < n; i++)
		add_event(&w, own[i], 0);
	take(l, &w);
	take(l, &w);
	CHECK_EQ(n_said, 1);
	w = weir_wr_over(room, sizeof(room));
	add_event(&w, WEIR_EVENT_DENY, 2 * n);
	take(l, &w);
	CHECK_EQ(weir_log_lost(l), 2 * n);
	weir_log_close(l);
	slurp(path);
	CHECK_EQ(check_lines(0, &lost), 2 * n + 1);
	CHECK_EQ(lost, 2 * n);
}

static void every_malformed_body_is_counted_and_harmless(void **state)
{
	struct weir_log *l = open_log(path, 0);
	uint8_t room[1024];
	struct weir_wr w = weir_wr_over(room, sizeof(room));
	size_t all, first, cut = 0;

	(void)state;
	add_event(&w, WEIR_EVENT_DENY, 0);
	first = weir_wr_len(&w);
	add_event(&w, WEIR_EVENT_DENY, 1);
	all = weir_wr_len(&w);
	for (size_t i = 0; i <= all; i++) {
		struct weir_rd in = weir_rd_over(room, i);

		weir_log_take(l, WEIR_LOG_OF_ENGINE, &in);
		cut += i != 0 && i != first && i != all;
		CHECK_EQ(weir_log_lost(l), cut);
	}
	/* an empty event, and a bad one between two good ones */
	memmove(room + first + 2, room + first, all - first);
	memset(room + first, 0, 2);
	w.at = room + all + 2;
	take(l, &w);
	CHECK_EQ(weir_log_lost(l), cut + 1);
	CHECK_EQ(n_said, 1);
	weir_log_close(l);
}

/* --- disks --- */

static void limit_files(rlim_t bytes)
{
	struct rlimit r;

	CHECK_EQ(getrlimit(RLIMIT_FSIZE, &r), 0);
	r.rlim_cur = bytes;
	CHECK_EQ(setrlimit(RLIMIT_FSIZE, &r), 0);
}

static void a_full_disk_tears_no_line_and_is_said_once(void **state)
{
	struct weir_log *l = open_log(path, 0);
	uint64_t lost = 0, n = 0;

	(void)state;
	while (n < 5)
		put(l, n++, 100);
	limit_files(700); /* within a line */
	CHECK_EQ(weir_log_flush(l), -EFBIG);
	CHECK_EQ(weir_log_flush(l), -EFBIG);
	while (n < 10)
		put(l, n++, 100);
	CHECK_EQ(weir_log_flush(l), -EFBIG);
	CHECK_EQ(n_said, 1);
	CHECK(strstr(said, path) != NULL);
	CHECK_EQ(slurp(path), 700);
	CHECK_EQ(weir_log_fd(l), -1); /* no reader to wait for */
	limit_files(RLIM_INFINITY);
	CHECK_EQ(weir_log_flush(l), 0);
	slurp(path);
	CHECK_EQ(check_lines(0, &lost), n);
	CHECK_EQ(lost, 0);
	weir_log_close(l);
}

static void a_disk_that_stays_full_costs_lines_that_are_counted(void **state)
{
	struct weir_log *l = open_log(path, 0);
	uint64_t lost = 0, n = 0;

	(void)state;
	limit_files(10);
	while (n < 2000)
		put(l, n++, 255);
	CHECK(weir_log_lost(l) > 500);
	limit_files(RLIM_INFINITY);
	put(l, n++, 255);
	CHECK_EQ(weir_log_flush(l), 0);
	slurp(path);
	CHECK_EQ(check_lines(0, &lost), n);
	CHECK_EQ(lost, weir_log_lost(l));
	CHECK(n_said <= 2);
	weir_log_close(l);
}

static void what_could_not_be_written_is_said_at_the_end(void **state)
{
	struct weir_log *l = open_log("/dev/full", 0);

	(void)state;
	put(l, 0, 10);
	put(l, 1, 10);
	CHECK_EQ(weir_log_flush(l), -ENOSPC);
	CHECK_EQ(n_said, 1);
	weir_log_close(l);
	CHECK_EQ(n_said, 2);
	CHECK(strstr(said, ": 2 events could not be written") != NULL);
}

/* --- rotation --- */

static void a_rotation_loses_no_line(void **state)
{
	struct weir_log *l = open_log(path, 0);
	uint64_t lost = 0;

	(void)state;
	put(l, 0, 10);
	CHECK_EQ(weir_log_flush(l), 0);
	CHECK_EQ(rename(path, second), 0);
	put(l, 1, 10); /* still goes to the old one */
	CHECK_EQ(weir_log_reopen(l), 0);
	put(l, 2, 10);
	CHECK_EQ(weir_log_flush(l), 0);
	slurp(second);
	CHECK_EQ(check_lines(0, &lost), 2);
	slurp(path);
	CHECK_EQ(check_lines(2, &lost), 3);
	CHECK_EQ(lost, 0);
	weir_log_close(l);
}

static void a_rotation_that_fails_leaves_the_old_file(void **state)
{
	struct weir_log *l = open_log(path, 0);
	uint64_t lost = 0;

	(void)state;
	put(l, 0, 10);
	CHECK_EQ(rename(path, second), 0);
	CHECK_EQ(mkdir(path, 0700), 0);
	CHECK_EQ(weir_log_reopen(l), -EISDIR);
	put(l, 1, 10);
	CHECK_EQ(weir_log_flush(l), 0);
	slurp(second);
	CHECK_EQ(check_lines(0, &lost), 2);
	weir_log_close(l);
	CHECK_EQ(rmdir(path), 0);
}

static void a_new_file_begins_with_a_line(void **state)
{
	struct weir_log *l = open_log(path, 0);

	(void)state;
	put(l, 0, 100);
	put(l, 1, 100);
	limit_files(50);
	CHECK_EQ(weir_log_flush(l), -EFBIG);
	/* the same file: the torn line goes on */
	CHECK_EQ(weir_log_reopen(l), 0);
	CHECK_EQ(weir_log_lost(l), 0);
	/* another one: it cannot */
	CHECK_EQ(rename(path, second), 0);
	CHECK_EQ(weir_log_reopen(l), 0);
	limit_files(RLIM_INFINITY);
	CHECK_EQ(weir_log_flush(l), 0);
	CHECK_EQ(weir_log_lost(l), 1);
	put(l, 2, 100);
	CHECK_EQ(weir_log_flush(l), 0);
	CHECK_EQ(slurp(second), 50);
	CHECK(slurp(path) > 50);
	CHECK(strncmp(text, "{\"ts\":", 6) == 0);
	CHECK(strstr(text, "\"event\":\"lost\",\"count\":1}\n") != NULL);
	CHECK(strstr(text, "\"ms\":2") > strstr(text, "\"ms\":1"));
	weir_log_close(l);
}

/* --- readers --- */

static int open_reader(void)
{
	int fd;

	CHECK_EQ(mkfifo(path, 0600), 0);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	CHECK(fd >= 0);
	return fd;
}

static void a_slow_reader_gets_whole_lines_and_a_count(void **state)
{
	int fd = open_reader(), r;
	struct weir_log *l = open_log(path, 0);
	uint64_t lost = 0, n = 0;
	size_t got = 0;

	(void)state;
	while (n < 3000)
		put(l, n++, 200);
	CHECK(weir_log_lost(l) > 1000);
	CHECK_EQ(n_said, 1);
	CHECK_EQ(weir_log_flush(l), -EAGAIN);
	CHECK(weir_log_fd(l) >= 0);
	do {
		ssize_t some;

		r = weir_log_flush(l);
		some = read(fd, text + got, r ? 5000 : sizeof(text) - 1 - got);
		CHECK(some > 0);
		got += (size_t)some;
	} while (r == -EAGAIN);
	CHECK_EQ(r, 0);
	CHECK_EQ(weir_log_fd(l), -1);
	text[got] = '\0';
	CHECK_EQ(check_lines(0, &lost), n);
	CHECK_EQ(lost, weir_log_lost(l));
	weir_log_close(l);
	close(fd);
}

static void a_reader_that_went_is_waited_for(void **state)
{
	int fd = open_reader();
	struct weir_log *l = open_log(path, 0);
	uint64_t lost = 0;

	(void)state;
	put(l, 0, 10);
	CHECK_EQ(weir_log_flush(l), 0);
	slurp_fd(fd);
	CHECK_EQ(check_lines(0, &lost), 1);
	close(fd);
	put(l, 1, 10);
	CHECK_EQ(weir_log_flush(l), -EPIPE);
	CHECK_EQ(n_said, 1);
	CHECK_EQ(weir_log_fd(l), -1);
	put(l, 2, 10);
	CHECK_EQ(weir_log_flush(l), -EPIPE);
	fd = open(path, O_RDONLY | O_NONBLOCK);
	CHECK_EQ(weir_log_flush(l), 0);
	slurp_fd(fd);
	CHECK_EQ(check_lines(1, &lost), 3);
	CHECK_EQ(lost, 0);
	close(fd);
	weir_log_close(l);
}

static void a_reader_has_a_moment_to_take_the_last_lines(void **state)
{
	uint64_t lost = 0, n = 0;
	struct weir_log *l;
	int status, fd, there[2];
	char c;
	pid_t pid;

	(void)state;
	CHECK_EQ(pipe(there), 0);
	fd = open_reader();
	l = open_log(path, 0);
	while (n < 400)
		put(l, n++, 200); /* more than a pipe holds */
	pid = fork();
	if (pid == 0) {
		(void)!write(there[1], "x", 1);
		(void)fcntl(fd, F_SETFL, 0);
		/* only the log's own descriptor keeps the pipe from ending */
		for (int i = 3; i < 64; i++)
			if (i != fd)
				close(i);
		slurp_fd(fd);
		_exit(check_lines(0, &lost) == n && !lost ? 0 : 1);
	}
	CHECK_EQ(read(there[0], &c, 1), 1); /* it is there */
	close(there[0]);
	close(there[1]);
	close(fd);
	weir_log_close(l);
	CHECK_EQ(waitpid(pid, &status, 0), pid);
	CHECK_EQ(status, 0);
	CHECK_EQ(n_said, 0);
}

/* --- stderr --- */

static int put_stderr(int fd)
{
	int was = dup(STDERR_FILENO);

	CHECK(was >= 0);
	CHECK_EQ(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	return was;
}

static void restore_stderr(int was)
{
	CHECK_EQ(dup2(was, STDERR_FILENO), STDERR_FILENO);
	close(was);
}

static void stderr_is_never_waited_for_and_keeps_its_flags(void **state)
{
	int p[2], was, flags, late;
	uint64_t lost = 0, n = 0;
	struct weir_log *l;

	(void)state;
	CHECK_EQ(pipe(p), 0); /* blocking, as a shell makes it */
	was = put_stderr(p[1]);
	l = open_log("-", 0);
	while (n < 3000)
		put(l, n++, 200);
	late = weir_log_flush(l);
	flags = fcntl(STDERR_FILENO, F_GETFL);
	CHECK_EQ(weir_log_reopen(l), 0);
	weir_log_close(l);
	restore_stderr(was);
	close(p[1]);
	slurp_fd(p[0]);
	close(p[0]);
	CHECK_EQ(late, -EAGAIN);
	CHECK(!(flags & O_NONBLOCK));
	CHECK(check_lines(0, &lost) > 100);
	CHECK_EQ(lost, 0);
	CHECK_EQ(n_said, 2); /* they are lost; and what did not come at all */
}

static void stderr_whose_reader_went_is_not_watched(void **state)
{
	struct weir_log *l;
	int p[2], was, fd;

	(void)state;
	CHECK_EQ(pipe(p), 0);
	was = put_stderr(p[1]);
	close(p[0]);
	l = open_log("-", 0);
	put(l, 1, 10);
	(void)weir_log_flush(l);
	fd = weir_log_fd(l); /* poll(2) would always say that it is ready */
	weir_log_close(l);
	restore_stderr(was);
	close(p[1]);
	CHECK_EQ(fd, -1);
}

static void stderr_may_be_a_file_or_a_socket(void **state)
{
	uint64_t lost = 0;
	int s[2], was, fd;
	struct weir_log *l;

	(void)state;
	fd = open(path, O_RDWR | O_CREAT, 0600);
	was = put_stderr(fd);
	l = open_log("-", 0);
	put(l, 0, 10);
	weir_log_close(l);
	restore_stderr(was);
	close(fd);
	slurp(path);
	CHECK_EQ(check_lines(0, &lost), 1);

	CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
	was = put_stderr(s[1]);
	l = open_log("-", 0);
	for (uint64_t i = 0; i < 4000; i++)
		put(l, i, 200); /* more than it holds */
	weir_log_close(l);
	restore_stderr(was);
	close(s[1]);
	slurp_fd(s[0]);
	close(s[0]);
	CHECK(check_lines(0, &lost) > 100);
}

static void lines_longer_than_a_pipe_takes_at_once_arrive_whole(void **state)
{
	int fd = open_reader(), r;
	struct weir_log *l = open_log(path, 0);
	size_t got = 0;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct weir_event *e = weir_log_begin(l, WEIR_EVENT_FLOW_OPEN);

		e->has = WEIR_EVENT_HAS_FLOW | WEIR_EVENT_HAS_ENDS |
			 WEIR_EVENT_HAS_VERDICT;
		e->protocol = 6;
		e->verdict = 'a';
		e->n_names = WEIR_EVENT_NAMES_MAX;
		for (unsigned k = 0; k < WEIR_EVENT_NAMES_MAX; k++) {
			memset(e->names[k], 1 + (int)k, 255);
			e->names[k][255] = '\0';
		}
		weir_log_put(l, e);
	}
	do {
		ssize_t n;

		r = weir_log_flush(l);
		n = read(fd, text + got, sizeof(text) - got);
		got += n > 0 ? (size_t)n : 0;
	} while (r == -EAGAIN);
	text[got] = '\0';
	CHECK_EQ(r, 0);
	CHECK(got > 3 * 40000);
	for (unsigned i = 0; i < 3; i++) {
		char *nl = strchr(text, '\n');

		CHECK(nl && nl[-1] == '}' && text[0] == '{');
		memmove(text, nl + 1, strlen(nl + 1) + 1);
	}
	CHECK_EQ(text[0], '\0');
	weir_log_close(l);
	close(fd);
}

static void a_log_that_goes_nowhere_is_read(void **state)
{
	struct weir_log *l = open_log(NULL, 0);
	uint64_t lost = 0, n = 0;
	size_t len = 0, got;

	(void)state;
	CHECK_EQ(weir_log_read(l, text, 100), 0);
	put(l, n++, 10);
	put(l, n++, 10);
	CHECK_EQ(weir_log_fd(l), -1);
	CHECK_EQ(weir_log_flush(l), -EAGAIN);
	/* whole lines only */
	got = weir_log_read(l, text, 1);
	CHECK_EQ(got, 0);
	got = weir_log_read(l, text, WEIR_LOG_BYTES);
	text[got] = '\0';
	CHECK_EQ(check_lines(0, &lost), n);
	CHECK_EQ(weir_log_flush(l), 0);
	/* nobody reads: what does not fit is counted, and said in its place */
	while (n < 2000)
		put(l, n++, 255);
	put(l, n++, 255);
	CHECK(weir_log_lost(l) > 500);
	do {
		got = weir_log_read(l, text + len, 5000);
		len += got;
	} while (got);
	text[len] = '\0';
	CHECK_EQ(check_lines(2, &lost), n);
	CHECK_EQ(lost, weir_log_lost(l));
	weir_log_close(l);
}

#define TL(f) cmocka_unit_test_setup_teardown(f, begin, end)
T_MAIN(TL(a_file_is_made_for_its_owner_and_appended_to),
       TL(a_descriptor_of_the_log_is_not_inherited),
       TL(what_cannot_be_a_log_is_refused),
       TL(a_log_tells_what_is_wanted_and_always_what_is_lost),
       TL(no_log_wants_nothing), TL(an_event_has_the_time_of_its_beginning),
       TL(what_the_engine_tells_is_written),
       TL(what_is_not_the_engines_to_tell_is_counted_and_said_once),
       TL(every_malformed_body_is_counted_and_harmless),
       TL(a_full_disk_tears_no_line_and_is_said_once),
       TL(a_disk_that_stays_full_costs_lines_that_are_counted),
       TL(what_could_not_be_written_is_said_at_the_end),
       TL(a_rotation_loses_no_line),
       TL(a_rotation_that_fails_leaves_the_old_file),
       TL(a_new_file_begins_with_a_line),
       TL(a_slow_reader_gets_whole_lines_and_a_count),
       TL(a_reader_that_went_is_waited_for),
       TL(a_reader_has_a_moment_to_take_the_last_lines),
       TL(stderr_is_never_waited_for_and_keeps_its_flags),
       TL(stderr_whose_reader_went_is_not_watched),
       TL(stderr_may_be_a_file_or_a_socket),
       TL(lines_longer_than_a_pipe_takes_at_once_arrive_whole),
       TL(a_log_that_goes_nowhere_is_read))
