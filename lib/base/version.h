/* SPDX-License-Identifier: Apache-2.0 */
/* version.h - which Weir this is */
#ifndef WEIR_BASE_VERSION_H
#define WEIR_BASE_VERSION_H

#ifndef WEIR_VERSION
#define WEIR_VERSION "0.1.0"
#endif

#endif /* WEIR_BASE_VERSION_H */
