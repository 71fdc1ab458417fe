/* SPDX-License-Identifier: Apache-2.0 */
/* test_identity.c - is a request for the host of its connection? */
#include "proxy/identity.h"

#include "../t.h"

static const struct {
	const char *text;
	bool is; /* for a.b, port 8443 */
} rows[] = {
	{ "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n", true },
	{ "GET / HTTP/1.1\r\nHost: A.B.\r\n\r\n", true },
	{ "GET / HTTP/1.1\r\nHost: a.b:8443\r\n\r\n", true },
	{ "GET https://a.b:8443/ HTTP/1.0\r\n\r\n", true },
	{ "GET / HTTP/1.1\r\nHost: a.b:443\r\n\r\n", false },
	{ "GET / HTTP/1.1\r\nHost: a.b:0\r\n\r\n", false },
	{ "GET / HTTP/1.1\r\nHost: x.a.b\r\n\r\n", false },
	{ "GET / HTTP/1.1\r\nHost: b\r\n\r\n", false },
	{ "GET / HTTP/1.1\r\nHost: a.bc\r\n\r\n", false },
	{ "GET / HTTP/1.1\r\nHost: 10.0.0.1\r\n\r\n", false },
	{ "GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n", false },
	{ "GET / HTTP/1.1\r\nHost:\r\n\r\n", false },
	{ "GET / HTTP/1.0\r\n\r\n", false },
};

static void it_is_the_name_and_the_port(void **state)
{
	struct weir_dns_name name;
	struct weir_head h;

	(void)state;
	CHECK(weir_dns_name_from_text("a.b", 3, &name));
	for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_EQ(weir_head_parse((const uint8_t *)rows[i].text,
					 strlen(rows[i].text), &h),
			 WEIR_HEAD_WHOLE);
		if (weir_identity_is(&h, &name, 8443) != rows[i].is)
			fail_msg("%s", rows[i].text);
	}
}

T_MAIN(T(it_is_the_name_and_the_port))
