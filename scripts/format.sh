#!/bin/bash
# format.sh - formats all C of the project with clang-format; --check only says what is not formatted.
#
# By one version, since each formats some lines in a way of its own: another one
# may not judge (status 77).  vmlinux.h is left alone: it is the kernel's.

set -u
cd "$(dirname "$0")/.." || exit 1
VERSION=14
case "${1-}" in
'') options=(-i) ;;
--check) options=(--dry-run --Werror) ;;
*)
	echo "usage: scripts/format.sh [--check]" >&2
	exit 2
	;;
esac
for tool in clang-format clang-format-$VERSION ''; do
	[[ $("$tool" --version 2>/dev/null) == *" $VERSION."* ]] && break
done
[ -n "$tool" ] || {
	echo "SKIP: there is no clang-format $VERSION, the one that this tree is formatted by"
	exit 77
}
find include bpf user tests -name '*.[ch]' -print0 | sort -z |
	xargs -0 "$tool" --style=file "${options[@]}"
