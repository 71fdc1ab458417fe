/* SPDX-License-Identifier: Apache-2.0 */
/* trust.c - where programs look for the CAs they trust */
#include "control/trust.h"

#include <stddef.h>
#include <stdlib.h>

const struct weir_trust_store weir_trust_store[WEIR_TRUST_STORES] = {
	{ "/etc/ssl/certs/ca-certificates.crt", false },
	{ "/etc/pki/tls/certs/ca-bundle.crt", false },
	{ "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", false },
	{ "/etc/ssl/ca-bundle.pem", false },
	{ "/etc/ssl/cert.pem", false },
	{ "/etc/ssl/certs/java/cacerts", true },
};

void weir_trust_tell(void)
{
	static const char *const names[] = {
		"SSL_CERT_FILE",      "CURL_CA_BUNDLE",
		"REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO",
		"PIP_CERT",           "CARGO_HTTP_CAINFO",
		"AWS_CA_BUNDLE",      "NODE_EXTRA_CA_CERTS",
		"DENO_CERT",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)setenv(names[i], weir_trust_store[0].path, 0);
}
