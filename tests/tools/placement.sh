#!/bin/bash
# placement.sh - the place of each allocation function's probe, in allocators as distributions ship them.
#
# Against objdump, which knows nothing of ours.  Fetches packages through folders of its own:
# nothing is installed.  What is here already is checked without a network too.
# timeout: 240

set -u
cd "$(dirname "$0")/../.." || exit 1
OUT=$(realpath "${OUT:-build}")
DUMP=$OUT/tests/unit/test_placement
[ "$(uname -m)" = x86_64 ] || { echo "SKIP: the oracle reads x86's assembler"; exit 77; }
for tool in objdump python3 apt-get dpkg-deb; do
	command -v $tool >/dev/null || { echo "SKIP: no $tool"; exit 77; }
done
work=$(mktemp -d "${TMPDIR:-/tmp}/brkscope-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
bad=0 checked=0
declare -A seen

check() { # NAME FILE
	local result sum

	sum=$(sha256sum <"$2")
	[ -z "${seen[$sum]-}" ] || return
	seen[$sum]=1
	"$DUMP" "$2" >"$work/dump" || { echo "FAIL: $1: no dump"; bad=1; return; }
	result=$(python3 tests/tools/placement.py "$work/dump" "$2" 2>&1) || bad=1
	printf '%-44s %s\n' "$1" "${result//$'\n'/; }"
	checked=$((checked + 1))
}

check refmalloc "$OUT/librefmalloc.so"
for name in libc.so.6 libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so libmimalloc.so.2; do
	file=$(ldconfig -p | sed -n "s,.*[[:space:]]$name (.*=> ,,p" | head -1)
	[ -z "$file" ] || check "here: $name" "$file"
done
[ ! -e /lib/ld-musl-x86_64.so.1 ] || check "here: musl" /lib/ld-musl-x86_64.so.1

# The newest of each suite, as it is now.
apt_in() {
	local suite=$1

	shift
	apt-get -qq -o Dir::State="$work/$suite/state" -o Dir::State::status=/dev/null \
		-o Dir::Cache="$work/$suite/cache" -o Dir::Etc::SourceList="$work/$suite/sources" \
		-o Dir::Etc::SourceParts=- -o Acquire::Retries=1 -o Acquire::http::Timeout=20 \
		-o Acquire::Languages=none -o APT::Architecture=amd64 -o APT::Sandbox::User=root "$@"
}
declare -A packages=(
	[bullseye]="libc6 musl libjemalloc2 libtcmalloc-minimal4"
	[bookworm]="libc6 musl libjemalloc2 libtcmalloc-minimal4 libmimalloc2.0"
	[trixie]="libc6 musl libjemalloc2 libtcmalloc-minimal4t64 libmimalloc3"
)
offline=
for suite in bullseye bookworm trixie; do
	mkdir -p "$work/$suite"/{state/lists/partial,cache/archives/partial,packages}
	echo "deb http://deb.debian.org/debian $suite main" >"$work/$suite/sources"
	if ! apt_in $suite update >"$work/log" 2>&1 || grep -q '^[WE]: ' "$work/log"; then
		offline="$(grep -m 1 '^[WE]: ' "$work/log")"
		break
	fi
	# shellcheck disable=SC2086
	(cd "$work/$suite/packages" && apt_in $suite download ${packages[$suite]}) >"$work/log" 2>&1 ||
		{ echo "FAIL: $suite: $(grep -m 1 '^E: ' "$work/log")"; bad=1; }
	for package in "$work/$suite/packages"/*.deb; do
		dpkg-deb -x "$package" "$work/$suite/root" || { echo "FAIL: $package"; bad=1; }
	done
	found=0
	while read -r file; do
		found=$((found + 1))
		check "$suite: ${file##*/}" "$file"
	done < <(find "$work/$suite/root" -type f \( -name libc.so.6 -o -name 'libc-2.*.so' -o -name 'libc.so' \
		-o -name 'libjemalloc.so.*' -o -name 'libtcmalloc_minimal.so.*' -o -name 'libmimalloc.so.*' \) | sort)
	[ $found = "$(wc -w <<<"${packages[$suite]}")" ] || { echo "FAIL: $suite: $found allocators were found"; bad=1; }
done
[ $bad = 0 ] || exit 1
[ -z "$offline" ] || { echo "SKIP: $checked allocators are right, others cannot be fetched: $offline"; exit 77; }
