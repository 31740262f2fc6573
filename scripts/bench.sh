#!/bin/bash
# bench.sh - what being watched costs: brkscope, the peers, and empty programs, in turn.
#
# bench.sh [GROUP...]  OUT=DIR is the build, QUICK=1 takes a minute.  The groups are in
# tests/bench/bench.py; `table` measures nothing and prints what is there.

set -u
cd "$(dirname "$0")/.." || exit 1
export OUT=${OUT:-build} PATH="$PATH:/usr/sbin:/sbin"
mkdir -p "$OUT/bench" && folder=$(realpath "$OUT/bench") || exit 1

# Debian 12's libbpf-tools has no memleak yet: the next release's is unpacked, and run with
# the libraries that it was built for; nothing is installed.
unpack_memleak() {
	local d=$folder/peers apt

	[ -x "$d/root/usr/sbin/memleak-libbpf" ] && return
	command -v apt-get >/dev/null && [ -r /usr/share/keyrings/debian-archive-keyring.gpg ] || return
	echo "bench.sh: unpacking Debian 13's memleak in $folder/peers"
	mkdir -p "$d/lists/partial" "$d/archives/partial" "$d/root" || return
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"http://deb.debian.org/debian trixie main" >"$d/sources.list"
	apt=(apt-get -qq -o Dir::State::Lists="$d/lists" -o Dir::Cache="$d" -o APT::Sandbox::User=root
		-o Dir::Etc::SourceList="$d/sources.list" -o Dir::Etc::SourceParts=/dev/null)
	(cd "$d/archives" && "${apt[@]}" update &&
		"${apt[@]}" download libbpf-tools libc6 libelf1t64 zlib1g libzstd1 &&
		for deb in *.deb; do dpkg -x "$deb" "$d/root" || exit; done) >"$d/log" 2>&1
	rm -rf "$d/lists" "$d/archives" "$d"/*.bin
}

find_memleak() {
	local root=$folder/peers/root libraries

	MEMLEAK_LIBBPF=$(command -v memleak-libbpf || command -v memleak) && return
	unpack_memleak
	if [ -x "$root/usr/sbin/memleak-libbpf" ]; then
		libraries=$root/usr/lib/$(uname -m)-linux-gnu
		MEMLEAK_LIBBPF="$(echo "$libraries"/ld-linux-*) --library-path $libraries"
		MEMLEAK_LIBBPF+=" $root/usr/sbin/memleak-libbpf"
	else
		MEMLEAK_LIBBPF_MISSING="libbpf-tools here has no memleak, and Debian 13's cannot be had"
		export MEMLEAK_LIBBPF_MISSING
	fi
}

[ "${1-}" = table ] || find_memleak
export MEMLEAK_LIBBPF
exec python3 -B tests/bench/bench.py "$@"
