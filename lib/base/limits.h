/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits.h - every limit has a name here and a line in doc/limits.md
 *
 * Units are in the names.  What happens at each limit is said in doc/limits.md.
 */
#ifndef WEIR_BASE_LIMITS_H
#define WEIR_BASE_LIMITS_H

/* frames */
#define WEIR_FRAME_MAX_BYTES    65550u /* Ethernet header and a full IP packet */
#define WEIR_FRAME_HEADER_BYTES 128u   /* virtio, Ethernet, IP, TCP headers */
#define WEIR_MTU_MIN            576u
#define WEIR_MTU_MAX            65520u
#define WEIR_MTU_IPV6_MIN       1280u
#define WEIR_IPV6_EXT_MAX       8u  /* extension headers walked */
#define WEIR_TURN_FRAMES_UP     64u /* a turn of the loop */
#define WEIR_TURN_EVENTS        64u

/* TCP */
#define WEIR_CONNS_MAX     131072u
#define WEIR_HALF_OPEN_MAX 4096u
#define WEIR_DIAL_MS       130000u
#define WEIR_HALF_OPEN_MS  30000u
#define WEIR_TIME_WAIT_MS  2000u
#define WEIR_IDLE_MS       7200000u

/* payload memory */
#define WEIR_CHUNK_BYTES   32768u
#define WEIR_PAYLOAD_BYTES (256u << 20)

/* UDP */
#define WEIR_UDP_MAPPINGS_MAX      4096u
#define WEIR_UDP_CONVERSATIONS_MAX 16384u
#define WEIR_UDP_IDLE_MS           60000u
#define WEIR_UDP_IDLE_TWOWAY_MS    180000u

/* published ports */
#define WEIR_DOORS_MAX        1024u
#define WEIR_DOOR_CLIENTS_MAX 4096u

/* DNS */
#define WEIR_DNS_CACHE_ENTRIES 10000u
#define WEIR_DNS_INFLIGHT_MAX  1024u
#define WEIR_DNS_UPSTREAMS_MAX 8u
#define WEIR_DNS_LINES_MAX     128u /* guests' connections of DNS over TLS */
#define WEIR_DNS_TIMEOUT_MS    2000u
#define WEIR_DNS_TCP_IDLE_MS   30000u
#define WEIR_DNS_HOSTS_MAX     256u

/* policy */
#define WEIR_CONFIG_BYTES      (16u << 20)
#define WEIR_RULES_MAX         65536u
#define WEIR_RULE_TARGETS_MAX  64u /* of one rule */
#define WEIR_RULE_PORTS_MAX    32u /* ranges of one target */
#define WEIR_RULE_TEXT_BYTES   4096u
#define WEIR_LIST_NAMES_MAX    1000000u /* lines of one list */
#define WEIR_LIST_LINE_BYTES   4096u
#define WEIR_LIST_BYTES        (128u << 20)
#define WEIR_IMAGE_BYTES       (256u << 20)
#define WEIR_HTTPRULE_PATH_MAX 8192u
#define WEIR_PINS_MAX          16384u
#define WEIR_PINS_NAMES_MAX    256u /* of one address */

/* first bytes of a connection whose name decides */
#define WEIR_FIRST_BYTES 16384u
#define WEIR_FIRST_MS    15000u
#define WEIR_FIRST_DOWN  65536u /* from the server before the verdict */
#define WEIR_FIRST_MAX   1024u  /* connections whose first bytes are held */
#define WEIR_SHOWN_MAX   16384u /* different names shown, of open ones */

/* interception */
#define WEIR_LEAVES_MAX    1024u  /* certificates made for names, kept */
#define WEIR_CA_FILE_BYTES 12288u /* a CA's certificate, or its key */

/* processes */
#define WEIR_MSG_MAX_BYTES 32768u
#define WEIR_DRAIN_MS      2000u
#define WEIR_STOP_GRACE_MS 900u

#endif /* WEIR_BASE_LIMITS_H */
