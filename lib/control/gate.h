/* SPDX-License-Identifier: Apache-2.0 */
/* gate.h - the system calls that CMD may not make */
#ifndef WEIR_CONTROL_GATE_H
#define WEIR_CONTROL_GATE_H

/**
 * weir_gate_close() - from now on this process and its children are filtered
 *
 * Needs no_new_privs.
 *
 * Return: 0 or a negative errno.
 */
int weir_gate_close(void);

#endif /* WEIR_CONTROL_GATE_H */
