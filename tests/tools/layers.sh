#!/bin/bash
# layers.sh - the sources keep to their layers, and the checker sees it where they do not.
cd "$(dirname "$0")/../.." || exit 1
scripts/check-layers.sh || exit 1

tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
mkdir -p "$tree"/{bpf,include/brkscope,user/{kernel,model,render,selftest}}
put() { printf '%b' "$2" >"$tree/$1"; }

put include/brkscope/event.h ''
put user/log.h ''
put user/kernel/ring.h '#include "log.h"\n#include <bpf/libbpf.h>\n#include "brkscope/event.h"\n'
put user/model/ledger.h '/*\n * time(), printf("x")\n */\nint runtime(int); int f(void) { return runtime(1); }\n'
put user/model/snapshot.h '#include "brkscope/event.h"\n#include "cause.h"\n'
put user/model/cause.h ''
put user/render/table.c '#include "model/snapshot.h"\n#include "../model/cause.h"\n#include <stdio.h>\n'
put user/cmd_report.c '#include "model/ledger.h"\n#include "kernel/ring.h"\n'
scripts/check-layers.sh "$tree" || exit 1

wrong=0
# refused FILE TEXT WHAT: a source of this text must be told of, at its line.
refused() {
	local said

	put "$1" "$2"
	said=$(scripts/check-layers.sh "$tree") && said="accepted"
	[[ $said == "$1:"*": $3"* ]] || {
		echo "$1: '$2': $said"
		wrong=1
	}
	rm "$tree/$1"
}
refused user/kernel/x.c '#include "model/cause.h"\n' 'kernel includes model'
refused user/kernel/x.c '\n# include  "../render/table.c"\n' 'kernel includes render'
refused user/model/x.c '#include "../kernel/ring.h"\n' 'model includes kernel'
refused user/model/x.h '#include "render/table.c"\n' 'model includes render'
refused user/model/x.c '#include <bpf/bpf.h>\n' 'model includes libbpf'
refused user/model/x.c '#include "brkscope.skel.h"\n' 'model includes libbpf'
refused user/model/x.c '#include <stdio.h>\n' 'model prints or reads the clock'
refused user/model/x.c 'int x; /* a */ int y = clock_gettime(0, 0); /* b */\n' 'model prints or reads the clock'
refused user/model/x.c '#include "log.h"\n' 'model includes top'
refused user/render/x.c '#include "kernel/ring.h"\n' 'render includes kernel'
refused user/render/x.c '#include "model/ledger.h"\n' 'render includes model'
refused user/render/x.c '#include <bpf/libbpf.h>\n' 'render includes libbpf'
refused user/main.c '#include "model/cause.h"\n#include "kernel/ring.h"\n' 'joins model and kernel'
refused user/selftest/x.c '#include "model/cause.h"\n' 'selftest includes model'
refused user/selftest/x.c '#include "log.h"\n' 'selftest includes top'
refused bpf/x.bpf.c '#include "../user/model/cause.h"\n' 'bpf includes model'
refused user/model/cause.h '#include "snapshot.h"\n' 'includes itself'
exit $wrong
