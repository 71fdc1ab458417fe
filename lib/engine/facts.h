/* SPDX-License-Identifier: Apache-2.0 */
/* facts.h - what a TCP flow was judged by, for the log and for another policy */
#ifndef WEIR_ENGINE_FACTS_H
#define WEIR_ENGINE_FACTS_H

#include "engine/house.h"

/** weir_facts_begin() - flow @i was just made: allowed or deferred by @v */
void weir_facts_begin(struct weir_house *h, uint32_t i,
		      const struct weir_judge_verdict *v);

/** weir_facts_hold() - it lives at an address of the guest's choice: what is
 * pinned there stays */
void weir_facts_hold(struct weir_house *h, uint32_t i);

/** weir_facts_show() - it has shown this name (in lower case); NULL: none */
void weir_facts_show(struct weir_house *h, uint32_t i,
		     const struct weir_dns_name *name);

/** weir_facts_allow() - it is allowed by @v; the log hears of it once it is
 * connected too */
void weir_facts_allow(struct weir_house *h, uint32_t i,
		      const struct weir_judge_verdict *v);

/** weir_facts_deny() - it was allowed, and is denied now by @v */
void weir_facts_deny(struct weir_house *h, uint32_t i,
		     const struct weir_judge_verdict *v);

/** weir_facts_connected() - it is connected, and the verdict it began with
 * stands */
void weir_facts_connected(struct weir_house *h, uint32_t i);

/** weir_facts_end() - it is over */
void weir_facts_end(struct weir_house *h, uint32_t i, enum weir_reason why);

#endif /* WEIR_ENGINE_FACTS_H */
