#!/bin/bash
# deps.sh - with everything installed, scripts/deps.sh is silent and takes no time.
cd "$(dirname "$0")/../.." || exit 1
scripts/deps.sh check >/dev/null 2>&1 || { echo "SKIP: not all is installed"; exit 77; }
start=${EPOCHREALTIME/[.,]/}
said=$(scripts/deps.sh check 2>&1) || { echo "status $?"; exit 1; }
micros=$((${EPOCHREALTIME/[.,]/} - start))
[ -z "$said" ] || { echo "it says: $said"; exit 1; }
[ $micros -lt 300000 ] || { echo "it took $micros us"; exit 1; }

# Without what it needs it says so, in one line, and installs nothing: no apt-get is to be found.
bin=$(mktemp -d)
trap 'rm -rf "$bin"' EXIT
for tool in bash grep id; do ln -s "$(command -v $tool)" "$bin"; done
sed 's,:/usr/sbin:/sbin,,' scripts/deps.sh >"$bin/deps.sh"
said=$(PATH=$bin bash "$bin/deps.sh" 2>&1) && { echo "accepted a system without a compiler"; exit 1; }
[[ $said == *'missing: gcc '*' no apt-get '* && $said != *$'\n'* ]] || { echo "it says: $said"; exit 1; }
scripts/deps.sh nonsense >/dev/null 2>&1
[ $? = 2 ] || { echo "a bad argument is not a usage error"; exit 1; }
