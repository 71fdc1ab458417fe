/* SPDX-License-Identifier: Apache-2.0 */
/* linger.h - what programs sent before they ended, and is still on its way */
#ifndef WEIR_CONTROL_LINGER_H
#define WEIR_CONTROL_LINGER_H

#include <stddef.h>
#include <stdint.h>

/* how long the end of `run` waits for it, at most */
#define WEIR_LINGER_MS 3000u

/**
 * weir_linger_sockets() - TCP sockets in this network namespace
 *
 * Those in TIME-WAIT are not among them: where no process is left, these are
 * the sockets whose FIN the other side has not acknowledged yet.  Costs one
 * small file of /proc for each family, however many sockets the machine has.
 *
 * Return: how many; 0 also where that cannot be told.
 */
uint64_t weir_linger_sockets(void);

/**
 * weir_linger_parse() - the number after @family in the text of a sockstat
 * @family: "TCP: inuse " or "TCP6: inuse "
 *
 * Return: 0 also if it is not there.
 */
uint64_t weir_linger_parse(const char *text, size_t len, const char *family);

#endif /* WEIR_CONTROL_LINGER_H */
