/* SPDX-License-Identifier: Apache-2.0 */
/* check.h - `weir check`: what a policy says, and what is odd about it */
#ifndef WEIR_CMD_CHECK_H
#define WEIR_CMD_CHECK_H

/**
 * weir_check_main() - @argc words after `weir check`
 *
 * Return: of a question 0 allow, 1 deny, 3 defer; without one 0, or 1 if
 * --strict and there were warnings; 2 usage or configuration error.
 */
int weir_check_main(int argc, char **argv);

/** weir_check_help() - on stdout */
void weir_check_help(void);

#endif /* WEIR_CMD_CHECK_H */
