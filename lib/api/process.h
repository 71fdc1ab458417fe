/* SPDX-License-Identifier: Apache-2.0 */
/* process.h - the entry of Weir's other processes */
#ifndef WEIR_API_PROCESS_H
#define WEIR_API_PROCESS_H

#include <stdbool.h>

/** weir_process_is_one() - was this program started as one of Weir's own? */
bool weir_process_is_one(int argc, char *const *argv);

/**
 * weir_process_run() - be it: give up what it does not need, then work
 *
 * Return: what main() returns.
 */
int weir_process_run(int argc, char *const *argv);

#endif /* WEIR_API_PROCESS_H */
