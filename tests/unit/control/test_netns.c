/* SPDX-License-Identifier: Apache-2.0 */
#include "control/netns.h"

#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/msg.h"

#include "../t.h"

static bool find(const char *where, const char *userns, char *why)
{
	struct weir_netns n;
	bool ok;

	*why = 0;
	ok = weir_netns_find(&n, where, userns, why);
	CHECK_EQ(ok, *why == 0); /* a refusal has its sentence */
	weir_netns_close(&n);
	CHECK(n.net == -1 && n.user == -1);
	return ok;
}

static void what_is_no_namespace_of_a_guest_is_refused(void **state)
{
	static const struct {
		const char *where, *says;
	} row[] = {
		{ "4194304", "no process 4194304" },
		{ "99999999999999999999999",
		  "no process 99999999999999999999" },
		{ "/nonexistent", "cannot be opened" },
		{ "nonexistent", "cannot be opened" },
		{ "/etc/passwd", "is no network namespace" },
		{ "/etc", "is no network namespace" },
		{ "/dev/null", "is no network namespace" },
		{ "/proc/self/ns/mnt", "is no network namespace" },
		{ "/proc/self/ns/net", "Weir itself is in" },
	};
	char why[WEIR_NETNS_WHY_BYTES], own[16];

	(void)state;
	for (size_t i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
		CHECK(!find(row[i].where, NULL, why));
		if (!strstr(why, row[i].says))
			fail_msg("%s: %s", row[i].where, why);
	}
	snprintf(own, sizeof(own), "%d", getpid());
	CHECK(!find(own, NULL, why));
	CHECK(strstr(why, "Weir itself is in"));
}

/* a child in namespaces of its own; 0: not allowed here */
static pid_t guest(void)
{
	int pair[2];
	pid_t pid;
	char c = 0;

	CHECK(pipe(pair) == 0);
	pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		c = unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0;
		(void)!write(pair[1], &c, 1);
		for (;;)
			pause();
	}
	CHECK(read(pair[0], &c, 1) == 1);
	close(pair[0]);
	close(pair[1]);
	if (c)
		return pid;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}

static void a_process_names_its_namespace_and_the_owner(void **state)
{
	char why[WEIR_NETNS_WHY_BYTES] = "", number[16];
	pid_t pid = guest();
	struct weir_netns n;

	(void)state;
	if (!pid)
		skip();
	snprintf(number, sizeof(number), "%d", pid);
	if (!weir_netns_find(&n, number, NULL, why))
		fail_msg("%s", why);
	CHECK(n.net >= 0 && n.user >= 0);
	weir_netns_close(&n);
	CHECK(!find(number, "/proc/self/ns/net", why));
	CHECK(strstr(why, "no user namespace"));
	CHECK(find(number, number, why));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void the_helper_says_what_it_may_not(void **state)
{
	static const struct weir_charter c = { .mtu = 1500 };
	struct weir_netns n = { .charter = &c, .name = "eth0" };
	char why[WEIR_NETNS_WHY_BYTES], number[16], text[300] = "";
	uint8_t room[WEIR_MSG_HEADER_BYTES + 1024];
	pid_t pid = guest(), helper;
	struct weir_msg m;
	int sock, status;

	(void)state;
	if (!pid)
		skip();
	snprintf(number, sizeof(number), "%d", pid);
	CHECK(weir_netns_find(&n, number, NULL, why));
	close(n.user); /* something that cannot be entered */
	n.user = dup(n.net);
	helper = weir_netns_spawn(&n, &sock);
	CHECK(helper > 0);
	CHECK_EQ(weir_msg_receive(sock, room, sizeof(room), &m), 1);
	CHECK_EQ(m.kind, WEIR_MSG_TROUBLE);
	CHECK_EQ(weir_rd_be32(&m.body), 1);
	CHECK(m.body.left < sizeof(text));
	memcpy(text, m.body.at, m.body.left);
	CHECK(strstr(text, "cannot be entered"));
	CHECK_EQ(weir_msg_receive(sock, room, sizeof(room), &m), 0);
	CHECK(waitpid(helper, &status, 0) == helper);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	close(sock);
	weir_netns_close(&n);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

T_MAIN(T(what_is_no_namespace_of_a_guest_is_refused),
       T(a_process_names_its_namespace_and_the_owner),
       T(the_helper_says_what_it_may_not))
