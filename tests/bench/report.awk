# SPDX-License-Identifier: Apache-2.0
#
# report.awk - samples.tsv (figure, tool, run, value) to a table of medians, each
# with its spread, targets, ratios, and whether they are reached.
#
# A target is a list of OPERATOR FACTOR [* REFERENCE]; REFERENCE is veth, peer
# (the better of slirp4netns and pasta), passt (its stream socket, see links.sh) or
# another figure of Weir's own.  What is `beside` a reference is not judged by it.
BEGIN {
	FS = OFS = "\t"
	ntools = split("weir slirp4netns pasta veth loop", tools, " ")
	row("up_1500", "TCP up, 1 stream, MTU 1500", "Gbit/s", ">= 0.5*veth >= 10*peer")
	row("up_65520", "TCP up, 1 stream, MTU 65520", "Gbit/s", ">= 0.55*veth >= 1.5*peer")
	row("down_1500", "TCP down, 1 stream, MTU 1500", "Gbit/s", ">= 0.45*veth >= 5*peer")
	row("down_65520", "TCP down, 1 stream, MTU 65520", "Gbit/s", ">= 1.3*peer")
	row("up4_1500", "TCP up, 4 streams, MTU 1500", "Gbit/s", ">= 1*up_1500")
	row("down4_1500", "TCP down, 4 streams, MTU 1500", "Gbit/s", ">= 1*down_1500")
	row("up4_65520", "TCP up, 4 streams, MTU 65520", "Gbit/s", ">= 1*up_65520")
	row("down4_65520", "TCP down, 4 streams, MTU 65520", "Gbit/s", ">= 1*down_65520")
	row("cpu_up_1500", "CPU up, MTU 1500", "s/GB", "<= 0.40")
	row("cpu_down_1500", "CPU down, MTU 1500", "s/GB", "<= 0.40")
	row("cpu_up_65520", "CPU up, MTU 65520", "s/GB", "")
	row("cpu_down_65520", "CPU down, MTU 65520", "s/GB", "")
	row("rtt1_p50", "request/response 1 B, p50", "µs", "<= 1*peer <= 2.2*veth")
	row("rtt1_p99", "request/response 1 B, p99", "µs", "")
	row("rtt1024_p50", "request/response 1 KB, p50", "µs", "<= 1*peer <= 2.2*veth")
	row("rtt1024_p99", "request/response 1 KB, p99", "µs", "")
	row("connect1", "connect only, 1 at a time", "/s", ">= 1*peer")
	row("connect64", "connect only, 64 at a time", "/s", ">= 1*peer")
	row("request1", "connect+request+close, 1 at a time", "/s", ">= 1*peer")
	row("request64", "connect+request+close, 64 at a time", "/s", ">= 1*peer")
	row("dns_cpu", "DNS from cache, CPU a question", "µs", "<= 25")
	row("dns_rate", "DNS questions", "/s", "")
	row("mem_start", "memory (PSS) at start", "MB", "<= 6")
	row("mem_1000", "memory per idle connection, 1,000", "B", "<= 512")
	row("mem_10000", "memory per idle connection, 10,000", "B", "<= 512")
	row("wakes", "wake-ups with 10,000 idle", "/s", "<= 0")
	row("start", "start to first echo", "ms", "<= 25")
	row("udp_up", "UDP up, 1,400 B, < 0.1 % lost", "1000/s", ">= 1.2*peer")
	row("udp_down", "UDP down, 1,400 B, < 0.1 % lost", "1000/s", ">= 1.2*peer")
	row("cpu_udp_up", "CPU a packet, UDP up at that rate", "µs", "<= 0.7*peer")
	row("cpu_udp_down", "CPU a packet, UDP down at that rate", "µs", "<= 0.7*peer")
	row("udp_rtt_p50", "UDP round trip 64 B, p50", "µs", "<= 1*peer")
	row("udp_rtt_p99", "UDP round trip 64 B, p99", "µs", "")
	row("udp_many", "UDP 5,000 places from one port", "", ">= 5000")
	row("udp_burst_up", "UDP up, burst of 200, arrived", "", ">= 200")
	row("udp_burst_down", "UDP down, burst of 200, arrived", "", ">= 200")
	row("publish_up", "published port, from the guest", "Gbit/s", ">= 1*peer")
	row("publish_down", "published port, to the guest", "Gbit/s", ">= 1*peer")
	row("cpu_publish_up", "CPU, published port, from the guest", "s/GB", "")
	row("cpu_publish_down", "CPU, published port, to the guest", "s/GB", "")
	row("publish_request1", "published port, requests, 1", "/s", ">= 1*peer")
	row("publish_request64", "published port, requests, 64", "/s", ">= 1*peer")
	row("rate_up1", "off a limit of 100mbit, up, 1 flow", "%", ">= -3 <= 3")
	row("rate_up50", "off a limit of 100mbit, up, 50", "%", ">= -3 <= 3")
	row("rate_down1", "off a limit of 100mbit, down, 1", "%", ">= -3 <= 3")
	row("rate_down50", "off a limit of 100mbit, down, 50", "%", ">= -3 <= 3")
	row("ping_gateway", "ping p99 in a download, gateway", "ms", "<= 5")
	row("ping_server", "ping p99 in a download, outside", "ms", "<= 5")
	for (i = split("down up", way, " "); i > 0; i--) {
		at = way[i] ", "
		row("policy_" way[i] "_none", "TCP " at "no policy", "Gbit/s", "")
		row("policy_ratio_" way[i] "_rules", "TCP " at "10,000 rules, paired", "times", ">= 0.95")
		row("policy_ratio_" way[i] "_named", "TCP " at "by a TLS name, paired", "times", ">= 0.95")
		row("policy_cpu_" way[i] "_none", "CPU " at "no policy", "s/GB", "")
		row("policy_ratio_cpu_" way[i] "_rules", "CPU " at "10,000 rules, paired", "times", "<= 1.03")
		row("policy_ratio_cpu_" way[i] "_named", "CPU " at "by a TLS name, paired", "times", "<= 1.03")
	}
	row("policy_connection_none", "CPU a connection, no policy", "µs", "")
	row("policy_ratio_connection_rules", "the same, 10,000 rules, paired", "times", "<= 1.10")
	row("policy_ratio_connection_named", "the same, by a TLS name, paired", "times", "")
	row("policy_ratio_connection_wary", "the same, looked at in vain, paired", "times", "")
	row("policy_denied_unlogged", "CPU a denied DNS question", "µs", "<= 25")
	row("policy_denied_logged", "CPU a denied DNS question, log", "µs", "<= 25")
	row("policy_mem_none", "memory (PSS), no policy", "MB", "")
	row("policy_mem_rules", "memory (PSS), 10,000 rules", "MB", "")
	row("policy_mem_million", "memory (PSS), a million names", "MB", "<= 100")
	row("policy_peak_million", "most at once, compiling these", "MB", "")
	row("policy_start_none", "start to first echo, no policy", "ms", "")
	row("policy_start_rules", "start to first echo, 10,000 rules", "ms", "")
	row("policy_start_million", "the same, a million names", "ms", "<= 2000")
	row("ring_1500", "rings: frames of 1,500 B", "million/s", "")
	row("ring_1500_queue", "the same, queue of heap frames", "million/s", "")
	row("ring_1500_x", "rings: times the queue, 1,500 B", "times", ">= 4")
	row("ring_64", "rings: frames of 64 B", "million/s", "")
	row("ring_64_queue", "the same, queue of heap frames", "million/s", "")
	row("ring_64_x", "rings: times the queue, 64 B", "times", ">= 3")
	row("ring_wakes_1500", "rings: wakes of 1,000 frames, 1,500 B", "", "<= 15.6")
	row("ring_wakes_64", "rings: wakes of 1,000 frames, 64 B", "", "<= 15.6")
	row("ring_wake50_ring", "rings: wake of a single frame, p50", "ns", "")
	row("ring_wake50_queue", "the same, queue", "ns", "")
	row("ring_wake50_x", "the same, times the queue", "times", "<= 1")
	row("ring_wake99_ring", "rings: wake of a single frame, p99", "ns", "")
	row("ring_wake99_queue", "the same, queue", "ns", "")
	row("ring_wake99_x", "the same, times the queue", "times", "")
	for (i = split("down up", way, " "); i > 0; i--) {
		at = way[i] ", MTU 1500"
		row("link_stream_" way[i], "stream socket " at, "Gbit/s", "beside 1*passt")
		row("link_jumbo_" way[i], "stream, large frames " way[i], "Gbit/s", "beside 1*passt")
		row("link_dgram_" way[i], "dgram socket " at, "Gbit/s", "beside 1*passt")
		row("link_cpu_stream_" way[i], "CPU, stream socket " way[i], "s/GB", "beside 1*passt")
		row("link_cpu_jumbo_" way[i], "CPU, stream, large frames " way[i], "s/GB", "beside 1*passt")
		row("link_cpu_dgram_" way[i], "CPU, dgram socket " way[i], "s/GB", "beside 1*passt")
		row("link_busy_stream_" way[i], "bridge busy, stream " way[i], "%", "")
		row("link_busy_jumbo_" way[i], "bridge busy, large frames " way[i], "%", "")
		row("link_busy_dgram_" way[i], "bridge busy, dgram " way[i], "%", "")
	}
	row("testpmd_drop", "vhost-user, 64 B, not for us", "million/s", ">= 1")
	row("testpmd_cpu_drop", "the same, CPU", "%", "")
	row("testpmd_mem_drop", "the same, memory (PSS)", "MB", "<= 16")
	row("testpmd_deny", "vhost-user, 64 B, denied by policy", "million/s", ">= 1")
	row("testpmd_cpu_deny", "the same, CPU", "%", "")
	row("testpmd_mem_deny", "the same, memory (PSS)", "MB", "<= 16")
	for (i = split("down up", way, " "); i > 0; i--) {
		at = ", " way[i]
		id = "intercept_" way[i]
		row(id "_h1_shut", "TLS not opened" at, "Gbit/s", "")
		row(id "_h1", "TLS opened, HTTP/1" at, "Gbit/s", "")
		row(id "_h2", "TLS opened, HTTP/2" at, "Gbit/s", "")
		row(id "_h1_mitm", "mitmproxy, HTTP/1" at, "Gbit/s", "")
		row(id "_h2_mitm", "mitmproxy, HTTP/2" at, "Gbit/s", "")
		opened(id, "_h1", "HTTP/1" at, "s/GB", "<= 2.0")
		opened(id, "_h2", "HTTP/2" at, "s/GB", "<= 2.0")
	}
	for (i = 1; i <= 2; i++) {
		at = ", HTTP/" i
		id = "intercept_request_p50_h" i
		opened("intercept_request", "_h" i, "a request" at, "µs", "<= 60")
		opened("intercept_core", "_h" i, "on one core" at, "µs", "<= 60")
		row(id "_shut", "request 1 KB p50, not opened" at, "µs", "")
		row(id, "request 1 KB p50, opened" at, "µs", "")
		row("intercept_request_added_h" i, "the same, added, paired" at, "µs", "<= 150")
		row("intercept_core_added_h" i, "added, paired, one core" at, "µs", "<= 150")
		row(id "_mitm", "the same, mitmproxy" at, "µs", "")
	}
	row("intercept_requests_h1_shut", "requests, 16 at a time, not opened", "/s", "")
	row("intercept_requests_h1", "the same, HTTP/1, opened", "/s", "")
	row("intercept_requests_h2", "the same, HTTP/2, opened", "/s", "")
	opened("intercept_requests", "_h1", "one of 16, HTTP/1", "µs", "<= 60")
	opened("intercept_requests", "_h2", "one of 16, HTTP/2", "µs", "<= 60")
	row("intercept_connect_p50_h1_shut", "TLS connection, not opened", "ms", "")
	row("intercept_connect_p50_h1", "TLS connection, opened", "ms", "")
	row("intercept_connect_engine_h1", "CPU a connection, engine", "ms", "")
	row("intercept_connect_proxy_h1", "CPU a connection, proxy", "ms", "<= 2")
	row("intercept_renew_proxy_h1", "the same, a new leaf", "ms", "")
	row("intercept_leaf", "what the leaf adds, paired", "ms", "<= 0.5")
	row("intercept_idle_h1", "proxy, an idle connection, HTTP/1", "KiB", "<= 120")
	row("intercept_idle_h2", "proxy, an idle connection, HTTP/2", "KiB", "<= 120")
	for (i = split("down up", way, " "); i > 0; i--) {
		row("intercept_other_" way[i] "_without", "TCP " way[i] ", nothing to intercept", "Gbit/s", "")
		row("intercept_ratio_other_" way[i], "the same beside what is, paired", "times", ">= 0.95")
		row("intercept_ratio_other_cpu_" way[i], "its CPU, paired", "times", "<= 1.03")
	}
	row("calls_up", "system calls up, MTU 1500, traced", "/GB", "")
	row("calls_down", "system calls down, MTU 1500, traced", "/GB", "")
	row("iperf3_up", "iperf3 up, MTU 1500", "Gbit/s", "")
	row("iperf3_down", "iperf3 down, MTU 1500", "Gbit/s", "")
	# what goes wrong is a row as well
	row("connect1_errors", "failed: connect only, 1", "", "")
	row("connect64_errors", "failed: connect only, 64", "", "")
	row("request1_errors", "failed: connect+request, 1", "", "")
	row("request64_errors", "failed: connect+request, 64", "", "")
	row("udp_up_lost", "lost at the lowest rate, UDP up", "%", "")
	row("udp_down_lost", "lost at the lowest rate, UDP down", "%", "")
	row("udp_rtt_lost", "UDP round trips lost", "", "")
	row("publish_request1_errors", "failed: published, 1", "", "")
	row("publish_request64_errors", "failed: published, 64", "", "")
	for (i = split("none rules hello named wary", way, " "); i > 0; i--)
		row("policy_errors_" way[i], "failed: policy, " way[i], "", "")
	row("ping_gateway_lost", "pings lost, gateway", "", "")
	row("ping_server_lost", "pings lost, outside", "", "")
	row("mem_1000_held", "held only, of 1,000", "", "")
	row("mem_10000_held", "held only, of 10,000", "", "")
}

function row(id, label, unit, target) {
	rows[++nrows] = id
	labels[id] = label
	units[id] = unit
	targets[id] = target
}

# the processor's time for what is intercepted, of whom it is, and of others
function opened(id, kind, label, unit, target) {
	row(id "_cpu" kind, "CPU " label ", opened", unit, target)
	row(id "_engine" kind, "    of it the engine", unit, "")
	row(id "_proxy" kind, "    of it the proxy", unit, "")
	row(id "_cpu" kind "_shut", "CPU " label ", not opened", unit, "")
	row(id "_cpu" kind "_mitm", "CPU " label ", mitmproxy", unit, "")
}

FNR > 1 {
	key = $1 SUBSEP $2
	samples[key, ++count[key]] = $4 + 0
	seen[$1] = 1
}

function summarize(key,    n, i, j, v, a) {
	n = count[key]
	for (i = 1; i <= n; i++) {
		v = samples[key, i]
		for (j = i - 1; j >= 1 && a[j] > v; j--)
			a[j + 1] = a[j]
		a[j + 1] = v
	}
	median[key] = n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
	least[key] = a[1]
	most[key] = a[n]
}

function short(v) {
	return sprintf(v >= 1000 ? "%.0f" : v >= 100 ? "%.0f" : \
		v >= 10 ? "%.1f" : "%.2f", v)
}

function cell(id, tool,    key) {
	key = id SUBSEP tool
	if (!(key in count))
		return "–"
	if (count[key] == 1)
		return short(median[key])
	return short(median[key]) " (" short(least[key]) "–" short(most[key]) ")"
}

# The value a target's reference stands for, "" where nobody measured it.
function reference(id, name, op,    a, b) {
	if (name == "peer") {
		a = median[id, "slirp4netns"]
		b = median[id, "pasta"]
		if (a == "" || b == "")
			return a b
		return (op == ">=") == (a > b) ? a : b
	}
	if (name == "passt") { # it has no datagram socket
		sub(/dgram/, "stream", id)
		return median[id, "pasta"]
	}
	return name == "veth" ? median[id, "veth"] : median[name, "weir"]
}

# Compares Weir's figure with its target; sets ratio_text and reached_text.
function judge(id,    n, i, w, p, v, ref, base, ok, known, all, judged) {
	ratio_text = reached_text = ""
	v = median[id, "weir"]
	if (v == "" || targets[id] == "")
		return
	n = split(targets[id], w, " ")
	all = known = 1
	for (i = 1; i < n; i += 2) {
		base = ""
		judged = judged || w[i] != "beside"
		if (split(w[i + 1], p, "*") == 2) {
			base = reference(id, p[2], w[i])
			if (base == "" || base == 0) {
				known = 0
				continue
			}
			ratio_text = ratio_text (ratio_text ? ", " : "") \
				short(v / base) " " p[2]
			ref = p[1] * base
		} else {
			ref = p[1] + 0
		}
		if (w[i] == "beside")
			continue
		ok = w[i] == ">=" ? v >= ref : v <= ref
		all = all && ok
	}
	if (judged)
		reached_text = all ? (known ? "yes" : "so far") : "no"
}

# Pads to @n columns; the bytes that continue a UTF-8 character take none.
function pad(text, n,    t) {
	t = text
	gsub(/[\200-\277]/, "", t)
	return text sprintf("%" (n > length(t) ? n - length(t) : 0) "s", "")
}

function line(a, b, c, d, e, f, g, h, i, j) {
	print "| " pad(a, 36) " | " pad(b, 6) " | " pad(c, 22) " | " \
		pad(d, 22) " | " pad(e, 7) " | " pad(f, 24) " | " \
		pad(g, 22) " | " pad(h, 22) " | " pad(i, 22) " | " \
		pad(j, 22) " |"
}

END {
	for (key in count)
		summarize(key)
	line("figure", "unit", "weir", "target", "reached", "weir is, times", \
		"slirp4netns", "pasta", "veth", "loopback")
	line("---", "---", "---", "---", "---", "---", "---", "---", "---", "---")
	print "figure\ttool\tmedian\tleast\tmost\tsamples\ttarget\treached" >tsv
	for (r = 1; r <= nrows; r++) {
		id = rows[r]
		if (!(id in seen))
			continue
		judge(id)
		verdict[reached_text]++
		line(labels[id], units[id], cell(id, "weir"), targets[id], \
			reached_text, ratio_text, cell(id, "slirp4netns"), \
			cell(id, "pasta"), cell(id, "veth"), cell(id, "loop"))
		for (t = 1; t <= ntools; t++) {
			key = id SUBSEP tools[t]
			if (key in count)
				print id, tools[t], median[key], least[key], \
					most[key], count[key], \
					tools[t] == "weir" ? targets[id] : "", \
					tools[t] == "weir" ? reached_text : "" >tsv
		}
	}
	print ""
	print verdict["yes"] + 0 " targets reached, " verdict["no"] + 0 " not."
}
