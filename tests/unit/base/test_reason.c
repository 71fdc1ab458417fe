/* SPDX-License-Identifier: Apache-2.0 */
/* test_reason.c - the names of the reasons are a contract */
#include "../t.h"
#include "base/reason.h"

/*
 * The contract, group by group, as the documentation of the control API gives
 * it.  Written out here so that a renamed reason is a failed test.
 */
static const char *const contract[] = {
	"none",
	/* verdicts */
	"rule", "default", "bounds", "no_pin", "name_required",
	"shown_mismatch", "bad_head", "http_rule", "quic", "dot", "martian",
	"multicast", "rebind", "dns_off", "leak", "client_cert",
	"upstream_cert", "proxy_down", "policy_changed", "tunnel", "bad_answer",
	"bad_frame",
	/* host */
	"refused", "unreachable", "timeout", "host_reset", "no_fds",
	"no_memory", "bind",
	/* limits */
	"limit_flows", "limit_rate", "limit_half_open", "limit_payload",
	"limit_udp",
	/* ends */
	"closed", "guest_reset", "idle", "shutdown", "link_down",
	/* drops of frames */
	"short", "oversize", "ethertype", "not_for_us", "spoofed_mac",
	"spoofed_source", "ip_header", "csum", "fragment", "fragment_overlap",
	"fragment_limit", "tcp_header", "tcp_options", "udp_length", "no_flow",
	"out_of_window", "bad_ack", "vnet_header", "dhcp", "nd", "icmp",
	"dns_form", "link_full"
};

static void every_reason_has_the_name_of_the_contract(void **state)
{
	(void)state;
	CHECK_EQ(sizeof(contract) / sizeof(*contract), WEIR_REASON_COUNT);
	for (unsigned i = 0; i < WEIR_REASON_COUNT; i++)
		assert_string_equal(weir_reason_name((enum weir_reason)i),
				    contract[i]);
}

static void no_two_reasons_share_a_name(void **state)
{
	(void)state;
	for (unsigned i = 0; i < WEIR_REASON_COUNT; i++)
		for (unsigned k = i + 1; k < WEIR_REASON_COUNT; k++)
			assert_string_not_equal(
				weir_reason_name((enum weir_reason)i),
				weir_reason_name((enum weir_reason)k));
}

static void names_are_safe_in_json_and_in_metrics(void **state)
{
	(void)state;
	for (unsigned i = 0; i < WEIR_REASON_COUNT; i++) {
		const char *name = weir_reason_name((enum weir_reason)i);

		CHECK(name[0] != '\0');
		for (const char *c = name; *c; c++)
			CHECK((*c >= 'a' && *c <= 'z') || *c == '_');
	}
}

static void a_number_that_is_no_reason_is_unknown(void **state)
{
	(void)state;
	assert_string_equal(weir_reason_name(WEIR_REASON_COUNT), "unknown");
	assert_string_equal(weir_reason_name((enum weir_reason)0xffff),
			    "unknown");
	assert_string_equal(weir_reason_name((enum weir_reason) - 1),
			    "unknown");
}

T_MAIN(T(every_reason_has_the_name_of_the_contract),
       T(no_two_reasons_share_a_name), T(names_are_safe_in_json_and_in_metrics),
       T(a_number_that_is_no_reason_is_unknown))
