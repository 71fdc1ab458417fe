/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rulebook_ask.h - a question in words, and what the policy says to it
 *
 *	out tcp|udp ADDR:PORT           may the guest open this?
 *	out icmp ADDR
 *	in tcp|udp PEER:PORT GUESTPORT  may this client come in?
 *	name NAME [TYPE]                may the guest know of this name?
 *	answer NAME ADDR                may it be told this address?
 *	http HOST METHOD PATH           may it make this request?
 */
#ifndef WEIR_CONTROL_RULEBOOK_ASK_H
#define WEIR_CONTROL_RULEBOOK_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "control/rulebook.h"
#include "policy/class.h"
#include "policy/judge.h"
#include "sys/charter.h"

/**
 * struct weir_rulebook_ask - a question and the facts it is asked with
 * @word:  @n_words of the question
 * @pin:   @n_pins facts NAME=ADDR: the guest was told that it is there
 * @shown: the name the client shows, maybe with a port; NULL: nothing yet
 * @shown_none: the client shows none; not together with @shown
 * @net:   addresses of the network, the host's own, and names answered here
 *
 * All borrowed.
 */
struct weir_rulebook_ask {
	const char *const *word, *const *pin;
	size_t n_words, n_pins;
	const char *shown;
	bool shown_none;
	const struct weir_charter *net;
};

/**
 * struct weir_rulebook_answer - what the policy says
 * @text: of the rule that decided, @len bytes of the image, not terminated;
 *        NULL: none did
 */
struct weir_rulebook_answer {
	struct weir_judge_verdict verdict;
	const char *text;
	size_t len;
};

/**
 * weir_rulebook_ask_judge() - read the question, and judge
 * @ret: written on success
 * @why: on failure one sentence: what is wrong, and the right form
 *
 * Return: false if that is no question.
 */
bool weir_rulebook_ask_judge(const struct weir_rulebook *b,
			     const struct weir_rulebook_ask *q,
			     struct weir_rulebook_answer *ret,
			     char why[WEIR_RULEBOOK_WHY_BYTES]);

/** weir_rulebook_ask_classes() - the facts of a network that classes need;
 * borrows from @c */
struct weir_class_facts weir_rulebook_ask_classes(const struct weir_charter *c);

#endif /* WEIR_CONTROL_RULEBOOK_ASK_H */
