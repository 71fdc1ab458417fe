/* SPDX-License-Identifier: Apache-2.0 */
/*
 * talk.h - conversations of UDP and echo: judged, opened, ended
 *
 * What datagrams.c and echoes.c share beside the courier: who may talk, what
 * the log hears of it, and what another policy ends.
 */
#ifndef WEIR_ENGINE_TALK_H
#define WEIR_ENGINE_TALK_H

#include "engine/house.h"

/** enum weir_talk_kind - of which kind */
enum weir_talk_kind {
	WEIR_TALK_UDP = 1,
	WEIR_TALK_ECHO,
};

/**
 * weir_talk_judge() - may the guest talk to @ends->far?
 *
 * A denial is told to the log; counting it and telling the guest is the
 * caller's, see weir_courier_deny().
 */
struct weir_judge_verdict weir_talk_judge(struct weir_house *h,
					  enum weir_talk_kind kind,
					  const struct weir_assoc_ends *ends);

/** weir_talk_open() - conversation @i was opened, allowed by @v */
void weir_talk_open(struct weir_house *h, enum weir_talk_kind kind, uint32_t i,
		    const struct weir_judge_verdict *v);

/** weir_talk_ended() - it is ending, for the reason in @h->talk_why; its ends
 * can still be asked for */
void weir_talk_ended(struct weir_house *h, enum weir_talk_kind kind,
		     uint32_t i);

/** weir_talk_is_denied() - does the policy that is in force now deny what was
 * allowed? */
bool weir_talk_is_denied(struct weir_house *h, enum weir_talk_kind kind,
			 uint32_t i);

#endif /* WEIR_ENGINE_TALK_H */
