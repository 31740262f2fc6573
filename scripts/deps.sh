#!/bin/bash
# deps.sh - installs what is missing to build, to show (demo), to test (check) or to measure
# (bench) brkscope.
#
# deps.sh [demo|check|bench].  Debian 12 and 13, Ubuntu 24.04.  What counts is whether
# a thing works here, not which package it came from: each line of the table
# says how to see that.  Says nothing, and asks no network, when all is there.

set -u
export PATH="$PATH:/usr/sbin:/sbin" DEBIAN_FRONTEND=noninteractive

# For (each of them includes what is above)
#       What must be there      Debian package      Ubuntu package, where it is another
TABLE='
build   cmd:gcc                 gcc
build   file:stdio.h            libc6-dev
build   cmd:make                make
build   cmd:pkg-config          pkg-config
build   cmd:clang               clang
build   cmd:llvm-strip          llvm
build   run:bpftool             bpftool             linux-tools-common,linux-tools-generic
build   file:sys/sdt.h          systemtap-sdt-dev
build   pc:libbpf               libbpf-dev
build   pc:libelf               libelf-dev
build   pc:zlib                 zlib1g-dev
build   pc:capstone             libcapstone-dev
build   pc:jansson              libjansson-dev
build   file:libiberty/demangle.h libiberty-dev
build   pc:cmocka               libcmocka-dev
demo    cmd:python3             python3
demo    cmd:sqlite3             sqlite3
check   cmd:strace              strace
check   cmd:bpftrace            bpftrace
check   cmd:redis-server        redis-server
check   cmd:redis-cli           redis-tools
check   cmd:nginx               nginx-light         nginx
check   cmd:wrk                 wrk
check   cmd:musl-gcc            musl-tools
check   cmd:clang-format        clang-format
check   cmd:g++                 g++
check   cmd:perl                perl
check   cmd:git                 git
check   lib:libjemalloc.so      libjemalloc2
check   lib:libtcmalloc_minimal.so libtcmalloc-minimal4
check   lib:libmimalloc.so      libmimalloc-dev
check   cmd:node                nodejs
check   cmd:stress-ng           stress-ng
check   cmd:valgrind            valgrind
check   cmd:aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu,libc6-dev-arm64-cross
check   cmd:qemu-aarch64-static qemu-user-static
bench   cmd:strace              strace
bench   cmd:readelf             binutils
bench   cmd:bpftrace            bpftrace
bench   cmd:heaptrack           heaptrack
bench   cmd:memleak-bpfcc       bpfcc-tools
bench   cmd:opensnoop           libbpf-tools
'

die() {
	echo "deps.sh: $*" >&2
	exit 1
}

case "${1-build}" in
build) wanted="build" ;;
demo) wanted="build demo" ;;
check) wanted="build demo check" ;;
bench) wanted="build demo bench" ;;
*)
	echo "usage: scripts/deps.sh [demo|check|bench]" >&2
	exit 2
	;;
esac

# Ubuntu's bpftool is a script that looks for one that belongs to the kernel, often in vain.
bpftool_works() {
	local tool

	for tool in bpftool /usr/lib/linux-tools/*/bpftool; do
		"$tool" version >/dev/null 2>&1 && return
	done
	return 1
}

is_there() {
	local name=${1#*:}

	case "$1" in
	cmd:*) command -v "$name" >/dev/null ;;
	run:bpftool) bpftool_works ;;
	lib:*) ldconfig -p | grep -q "[[:space:]]$name" ;;
	pc:*) pkg-config --exists "$name" 2>/dev/null ;;
	file:*) [ -e "/usr/include/$name" ] || [ -e "/usr/include/$HOSTTYPE-linux-gnu/$name" ] ;;
	esac
}

ubuntu=false
grep -qs '^ID=ubuntu$' /etc/os-release && ubuntu=true
packages=()
while read -r group what debian other; do
	if [[ " $wanted " == *" $group "* ]] && ! is_there "$what"; then
		$ubuntu && [ -n "$other" ] && debian=$other
		IFS=, read -ra names <<<"$debian"
		packages+=("${names[@]}")
	fi
done <<<"${TABLE#$'\n'}"
[ ${#packages[@]} = 0 ] && exit 0

command -v apt-get >/dev/null ||
	die "missing: ${packages[*]}; there is no apt-get here: install them by this system's means"
[ "$(id -u)" = 0 ] || die "missing: ${packages[*]}; run as root: apt-get install ${packages[*]}"
echo "deps.sh: installing ${packages[*]}"
log=$(mktemp) || die "no temporary file"
trap 'rm -f "$log"' EXIT
{ apt-get -qq update && apt-get -qq -y --no-install-recommends install "${packages[@]}"; } >"$log" 2>&1 ||
	die "apt-get failed: $(grep -m 1 '^E:' "$log" || tail -n 1 "$log")"
