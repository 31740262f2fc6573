#!/bin/bash
# check-layers.sh - holds the one direction in which data goes: bpf -> kernel -> model -> render.
#
# Prints each violation as FILE:LINE: what, and fails if there is one.  Includes
# are resolved to files, so that no spelling of a path gets around it.

set -u
cd "${1:-$(dirname "$0")/..}" || exit 1
LC_ALL=C
export LC_ALL

sources=$(find bpf include user -name '*.[ch]' | sort)
[ -n "$sources" ] || {
	echo "check-layers.sh: no sources under $PWD" >&2
	exit 1
}

# shellcheck disable=SC2086
FILES=$sources awk '
BEGIN {
	count = split(ENVIRON["FILES"], list, "\n")
	for (i = 1; i <= count; i++)
		exists[list[i]] = 1
}

# DIR/../X is X
function plain(path) {
	while (sub(/[^\/]+\/\.\.\//, "", path))
		;
	gsub(/\.\//, "", path)
	return path
}

# The file that an include means: the compiler looks beside the file, then in include/ and user/.
function resolve(from, name,   dir, path) {
	dir = from
	sub(/[^\/]*$/, "", dir)
	path = plain(dir name)
	if (path in exists)
		return path
	path = plain("include/" name)
	if (path in exists)
		return path
	path = plain("user/" name)
	return path in exists ? path : ""
}

function group(path) {
	if (match(path, /^user\/[a-z]+\//))
		return substr(path, 6, RLENGTH - 6)
	return path ~ /^user\// ? "top" : path ~ /^bpf\// ? "bpf" : "shared"
}

function violation(text) {
	print FILENAME ":" FNR ": " text
	bad = 1
}

function check_include(name, system_header,   target, to, from) {
	from = group(FILENAME)
	target = system_header ? "" : resolve(FILENAME, name)
	to = target == "" ? "" : group(target)
	if (target != "")
		edges[FILENAME] = edges[FILENAME] " " target
	if (name ~ /^bpf\/|\.skel\.h$/ && from != "bpf" && (from == "model" || from == "render"))
		violation(from " includes libbpf: " name)
	if (from == "model" && name ~ /^(stdio|time|sys\/time|sys\/times|err|syslog)\.h$/)
		violation("model prints or reads the clock: " name)
	if (to == "" || to == from || to == "shared")
		return
	if (from == "kernel" && to != "top" || from == "model" && to != "shared" ||
	    from == "bpf" || from == "shared" || from == "selftest")
		violation(from " includes " to ": " name)
	else if (from == "render" && target !~ /^user\/model\/(snapshot|map_snapshot|retained|cause|request)\.h$/ && to != "top")
		violation("render includes " to ": " name)
	else if (from == "top" && FILENAME !~ /\/cmd_[^\/]*\.[ch]$/ && to != "top") {
		if (joined[FILENAME] != "" && joined[FILENAME] != to)
			violation("joins " joined[FILENAME] " and " to ", which only user/cmd_* files may: " name)
		joined[FILENAME] = to
	}
}

FNR == 1 { comment = 0 }

/^[ \t]*#[ \t]*include[ \t]*["<]/ {
	name = $0
	system_header = name ~ /include[ \t]*</
	sub(/^[^"<]*["<]/, "", name)
	sub(/[">].*/, "", name)
	check_include(name, system_header)
	next
}

# Calls that need no header of their own to do harm; comments are not code.
group(FILENAME) == "model" {
	line = $0
	gsub(/\/\*([^*]|\*[^\/])*\*\//, "", line)
	if (comment) {
		if (!sub(/.*\*\//, "", line))
			next
		comment = 0
	}
	if (sub(/\/\*.*/, "", line))
		comment = 1
	gsub(/"([^"\\]|\\.)*"/, "", line)
	if (match(line, /(^|[^a-z0-9_])(v?[fd]?printf|f?puts|f?putc|putchar|perror|write|clock_gettime|gettimeofday|time|clock|syscall)[ \t]*\(/))
		violation("model prints or reads the clock: " substr(line, RSTART))
}

# Depth first; a file that is met again on the way to it closes a cycle.
function visit(file, way,   next_files, i, n) {
	if (state[file] == "done")
		return
	if (state[file] == "open") {
		print file ":1: includes itself:" way " " file
		bad = 1
		return
	}
	state[file] = "open"
	n = split(edges[file], next_files, " ")
	for (i = 1; i <= n; i++)
		visit(next_files[i], way " " file)
	state[file] = "done"
}

END {
	for (i = 1; i <= count; i++)
		visit(list[i], "")
	exit bad
}
' $sources
