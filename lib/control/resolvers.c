/* SPDX-License-Identifier: Apache-2.0 */
/* resolvers.c - whom the host asks for names, and when that changes */
#include "control/resolvers.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/text.h"

#define FILE_MAX_BYTES 16384u
#define CONF           "/etc/resolv.conf"
/* where systemd-resolved writes the list its stub asks */
#define BEHIND_STUB    "/run/systemd/resolve/resolv.conf"

/** struct word - the next blank-separated word of a line */
struct word {
	const char *at;
	size_t len;
};

static struct word next_word(const char **at, const char *end)
{
	struct word w;

	while (*at < end && (**at == ' ' || **at == '\t' || **at == '\r'))
		(*at)++;
	w.at = *at;
	while (*at < end && **at != ' ' && **at != '\t' && **at != '\r')
		(*at)++;
	w.len = (size_t)(*at - w.at);
	return w;
}

static bool is_word(const struct word *w, const char *text)
{
	return w->len == strlen(text) && memcmp(w->at, text, w->len) == 0;
}

static void add_server(const struct word *w, struct weir_resolvers *r)
{
	struct weir_charter_upstream u = { .port = 53 };

	if (r->n_servers == WEIR_DNS_UPSTREAMS_MAX ||
	    !weir_text_parse_addr(w->at, w->len, &u.addr) ||
	    weir_addr_is_zero(&u.addr))
		return;
	for (uint32_t i = 0; i < r->n_servers; i++)
		if (weir_addr_is_equal(&r->server[i].addr, &u.addr))
			return;
	r->server[r->n_servers++] = u;
}

static bool is_domain(const struct word *w)
{
	if (w->len == 0 || w->len >= WEIR_CHARTER_NAME_BYTES)
		return false;
	for (size_t i = 0; i < w->len; i++)
		if (w->at[i] <= ' ' || w->at[i] > '~')
			return false;
	return true;
}

static void set_search(const char *at, const char *end,
		       struct weir_resolvers *r)
{
	r->n_search = 0;
	while (r->n_search < WEIR_RESOLVERS_SEARCH_MAX) {
		struct word w = next_word(&at, end);

		if (!w.len)
			break;
		if (!is_domain(&w) || is_word(&w, "."))
			continue;
		memcpy(r->search[r->n_search], w.at, w.len);
		r->search[r->n_search++][w.len] = 0;
	}
}

static void set_options(const char *at, const char *end,
			struct weir_resolvers *r)
{
	struct word w;
	uint64_t v;

	while ((w = next_word(&at, end)).len)
		if (w.len > 6 && memcmp(w.at, "ndots:", 6) == 0 &&
		    weir_text_parse_u64(w.at + 6, w.len - 6, 15, &v))
			r->ndots = (unsigned)v;
}

void weir_resolvers_parse(const char *text, size_t len,
			  struct weir_resolvers *r)
{
	const char *at = text, *last = text + len;

	while (at < last) {
		const char *nl = memchr(at, '\n', (size_t)(last - at));
		const char *end = nl ? nl : last;
		struct word w = next_word(&at, end);

		if (is_word(&w, "nameserver")) {
			w = next_word(&at, end);
			add_server(&w, r);
		} else if (is_word(&w, "search") || is_word(&w, "domain")) {
			set_search(at, end, r);
		} else if (is_word(&w, "options")) {
			set_options(at, end, r);
		}
		at = nl ? end + 1 : last;
	}
}

static void read_file(const char *path, struct weir_resolvers *r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char text[FILE_MAX_BYTES];
	size_t len = 0;
	ssize_t n;

	if (fd < 0)
		return;
	while (len < sizeof(text) &&
	       (n = read(fd, text + len, sizeof(text) - len)) > 0)
		len += (size_t)n;
	close(fd);
	weir_resolvers_parse(text, len, r);
}

void weir_resolvers_read(struct weir_resolvers *ret)
{
	static const struct weir_resolvers none;
	struct weir_resolvers behind = none;

	*ret = none;
	read_file(CONF, ret);
	if (ret->n_servers == 1 && weir_addr_is4(&ret->server[0].addr) &&
	    ret->server[0].addr.b[12] == 127) {
		read_file(BEHIND_STUB, &behind);
		for (uint32_t i = 0; i < behind.n_servers &&
				     ret->n_servers < WEIR_DNS_UPSTREAMS_MAX;
		     i++)
			ret->server[ret->n_servers++] = behind.server[i];
	}
	if (!ret->n_servers) {
		ret->server[0].addr = weir_addr_from4(0x7f000001);
		ret->server[0].port = 53;
		ret->n_servers = 1;
	}
}

int weir_resolvers_watch(void)
{
	uint32_t what = IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO |
			IN_MOVED_FROM | IN_ONLYDIR;
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char real[PATH_MAX];

	if (fd < 0)
		return -errno;
	(void)inotify_add_watch(fd, "/etc", what);
	/* a link: the file it leads to changes without /etc changing */
	if (realpath(CONF, real) && strcmp(real, CONF) != 0)
		(void)inotify_add_watch(fd, dirname(real), what);
	return fd;
}

void weir_resolvers_drain(int fd)
{
	char room[4096];
	ssize_t n;

	do {
		n = read(fd, room, sizeof(room));
	} while (n > 0 || (n < 0 && errno == EINTR));
}

bool weir_resolvers_is_equal(const struct weir_resolvers *a,
			     const struct weir_resolvers *b)
{
	if (a->n_servers != b->n_servers)
		return false;
	for (uint32_t i = 0; i < a->n_servers; i++)
		if (!weir_addr_is_equal(&a->server[i].addr,
					&b->server[i].addr) ||
		    a->server[i].port != b->server[i].port)
			return false;
	return true;
}
