/* SPDX-License-Identifier: Apache-2.0 */
/*
 * scripts.h - one script for each row of tests/cases/tcp.tsv
 *
 * script_NN is for the row tcp-NN.  The rows stand beside the functions only
 * in the table; read them together.
 */
#ifndef SCRIPTS_H
#define SCRIPTS_H

#include "stage.h"

/* clang-format off */

/* dial, handshake, hostile segments: scripts_open.c */
#define SCRIPTS_OPEN(X)                                                        \
	X(01)                                                                  \
	X(02)                                                                  \
	X(03)                                                                  \
	X(04)                                                                  \
	X(05) X(06) X(07) X(08) X(11) X(34) X(45) X(52) X(53) X(54) X(55)      \
		X(56) X(57) X(58) X(59) X(60) X(61) X(62) X(63) X(65)

/* bytes and ends: scripts_bytes.c */
#define SCRIPTS_BYTES(X)                                                       \
	X(23)                                                                  \
	X(24)                                                                  \
	X(25)                                                                  \
	X(26)                                                                  \
	X(27) X(28) X(29) X(30) X(31) X(32) X(33) X(35) X(36) X(37) X(38)      \
		X(39) X(40) X(41) X(42) X(43) X(44) X(46)

/* clients of the host at published ports: scripts_calls.c */
#define SCRIPTS_CALLS(X)                                                       \
	X(66)                                                                  \
	X(67)

/* what the table does not say: scripts_more.c; the names are the sentences */
#define SCRIPTS_MORE(X)                                                        \
	X(a_small_request_is_acknowledged_soon)                                \
	X(what_a_blocked_host_does_not_take_is_acknowledged_all_the_same)      \
	X(a_silent_guest_is_asked_and_then_given_up)                           \
	X(a_guest_that_has_finished_is_not_asked_again)                        \
	X(a_lost_window_update_is_found_out)                                   \
	X(a_small_segment_is_repeated_at_its_RTO)                              \
	X(a_guest_that_takes_its_window_back_is_waited_for)                    \
	X(an_acknowledgement_has_the_newest_number_even_after_a_timeout)       \
	X(a_probe_does_not_swallow_an_acknowledgement)                         \
	X(a_late_segment_with_a_new_acknowledgement_brings_its_window)         \
	X(little_memory_makes_a_little_window_not_none)                        \
	X(a_flood_of_SYNs_is_challenged_a_hundred_times_a_second)              \
	X(room_that_was_not_filled_is_given_back)                              \
	X(an_end_of_file_behind_a_closed_window_arrives)

/* the same for clients of the host: scripts_calls.c */
#define SCRIPTS_CALLS_MORE(X)                                                  \
	X(a_guest_that_never_answers_is_called_for_30_seconds)                 \
	X(a_strange_acknowledgement_is_refused_and_the_call_goes_on)           \
	X(only_a_RST_that_acknowledges_our_SYN_refuses)                        \
	X(a_SYN_of_the_guest_does_not_answer_ours)                             \
	X(bytes_on_the_SYN_ACK_are_taken_when_they_come_again)                 \
	X(bytes_right_behind_the_SYN_ACK_reach_the_client)                     \
	X(bytes_of_the_client_wait_for_the_answer)                             \
	X(a_client_that_ends_before_the_answer_is_told_after_it)               \
	X(a_client_that_goes_before_the_answer_takes_its_SYN_back)             \
	X(a_SYN_ACK_that_comes_again_is_acknowledged_again)                    \
	X(a_lost_SYN_does_not_hurt_the_RTO_of_what_follows)                    \
	X(a_guest_without_options_is_called_all_the_same)                      \
	X(a_small_window_is_small_in_the_SYN_too)                              \
	X(both_close_at_once)                                                  \
	X(the_guest_closes_first)                                              \
	X(the_client_resets)                                                   \
	X(the_guest_resets)                                                    \
	X(a_call_over_IPv6)

/* clang-format on */

#define SCRIPT_PROTOTYPE(no) void script_##no(struct stage *s);
SCRIPTS_OPEN(SCRIPT_PROTOTYPE)
SCRIPTS_BYTES(SCRIPT_PROTOTYPE)
SCRIPTS_CALLS(SCRIPT_PROTOTYPE)
SCRIPTS_MORE(SCRIPT_PROTOTYPE)
SCRIPTS_CALLS_MORE(SCRIPT_PROTOTYPE)

#endif /* SCRIPTS_H */
