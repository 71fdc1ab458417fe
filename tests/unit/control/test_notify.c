/* SPDX-License-Identifier: Apache-2.0 */
#include "control/notify.h"

#include <errno.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "../t.h"

/* a manager's socket; @n bytes of name, as the kernel wants them */
static int manager(const char *name, size_t n)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);

	memcpy(a.sun_path, name, n);
	CHECK(fd >= 0);
	CHECK(bind(fd, (struct sockaddr *)&a,
		   (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) ==
	      0);
	return fd;
}

static void hears(int fd, const char *where)
{
	char got[32] = "";
	int to = weir_notify_open(where);

	CHECK(to >= 0);
	weir_notify_send(to, "READY=1");
	CHECK_EQ(recv(fd, got, sizeof(got) - 1, 0), 7);
	assert_string_equal(got, "READY=1");
	close(to);
	close(fd);
}

static void a_manager_at_a_path_or_an_abstract_name_is_told(void **state)
{
	char dir[] = "/tmp/weir-notify.XXXXXX", path[64], name[64];

	(void)state;
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/socket", dir);
	hears(manager(path, strlen(path)), path);
	unlink(path);
	rmdir(dir);
	snprintf(name, sizeof(name), "@weir-notify-%d", getpid());
	memcpy(path, name, sizeof(name));
	path[0] = 0;
	hears(manager(path, strlen(name)), name);
}

static void what_is_no_manager_is_refused(void **state)
{
	char longest[200];

	(void)state;
	memset(longest, 'a', sizeof(longest) - 1);
	longest[0] = '/';
	longest[sizeof(longest) - 1] = 0;
	CHECK_EQ(weir_notify_open(NULL), -ENOENT);
	CHECK_EQ(weir_notify_open(""), -ENOENT);
	CHECK_EQ(weir_notify_open("@"), -EINVAL);
	CHECK_EQ(weir_notify_open("vsock:2:1"), -EINVAL);
	CHECK_EQ(weir_notify_open("run/notify"), -EINVAL);
	CHECK_EQ(weir_notify_open(longest), -EINVAL);
	CHECK_EQ(weir_notify_open("/nonexistent/socket"), -ENOENT);
	weir_notify_send(-1, "READY=1");
}

T_MAIN(T(a_manager_at_a_path_or_an_abstract_name_is_told),
       T(what_is_no_manager_is_refused))
