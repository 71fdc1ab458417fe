/* SPDX-License-Identifier: Apache-2.0 */
/* serve.h - `weir serve` */
#ifndef WEIR_CMD_SERVE_H
#define WEIR_CMD_SERVE_H

/** weir_serve_main() - @argv without `weir serve`; Return: the exit code */
int weir_serve_main(int argc, char **argv);

/** weir_serve_help() - what it does, its options, examples; on stdout */
void weir_serve_help(void);

#endif /* WEIR_CMD_SERVE_H */
