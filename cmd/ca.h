/* SPDX-License-Identifier: Apache-2.0 */
/* ca.h - `weir ca`: the CA of interception, for people */
#ifndef WEIR_CMD_CA_H
#define WEIR_CMD_CA_H

/**
 * weir_ca_main() - @argc words after `weir ca`
 *
 * Return: 0; 1: there is none, it is of no use, or what was asked for failed;
 * 2 usage or configuration error.
 */
int weir_ca_main(int argc, char **argv);

/** weir_ca_help() - on stdout */
void weir_ca_help(void);

#endif /* WEIR_CMD_CA_H */
