#!/bin/bash
# real_programs.sh - programs do under refmalloc what they do without, threads and fork among it.
# timeout: 240

set -u
. "$(dirname "$0")/../bpf/lib.sh"
PRELOAD=scripts/preload.sh

# same NAME COMMAND...: its output and status with and without, and with every check.
same() {
	local name=$1 options

	shift
	"$@" >"$WORK/without" 2>&1 || fail "$name fails without refmalloc: $(tail -3 "$WORK/without")"
	for options in "" check=2,junk cache=0; do
		REFMALLOC_OPTIONS=$options $PRELOAD "$@" >"$WORK/with" 2>&1 ||
			fail "$name, options '$options': status $?: $(tail -3 "$WORK/with")"
		cmp -s "$WORK/without" "$WORK/with" || fail "$name, options '$options': other output"
	done
}

cat >"$WORK/threads.py" <<'END'
import os, random, threading

def churn(seed, rounds):
    choice, blocks = random.Random(seed), []
    for _ in range(rounds):
        blocks.append(bytearray(choice.randrange(1, 5000)))
        if len(blocks) > 200:
            blocks.pop(choice.randrange(200))

threads = [threading.Thread(target=churn, args=(i, 5000)) for i in range(4)]
for t in threads:
    t.start()
for i in range(5):
    pid = os.fork()
    if pid == 0:
        churn(99, 500)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
for t in threads:
    t.join()
END
cat >"$WORK/own_tests.py" <<'END'
import importlib, io, unittest
suite = unittest.TestSuite()
for name in "test_list", "test_array":
    suite.addTests(unittest.defaultTestLoader.loadTestsFromModule(
        importlib.import_module("test." + name)))
result = unittest.TextTestRunner(stream=io.StringIO()).run(suite)
print(result.testsRun, len(result.failures), len(result.errors), len(result.skipped))
END
cat >"$WORK/data.py" <<'END'
import json
data = [{str(i): list(range(i % 50))} for i in range(5000)]
assert json.loads(json.dumps(data)) == data
print(len(json.dumps(data)))
END
cat >"$WORK/new.cc" <<'END'
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

struct alignas(128) Aligned {
	char bytes[300];
};

static void work()
{
	std::map<int, std::string> m;

	for (int i = 0; i < 20000; i++)
		m[i * 7919 % 5003] += std::string(i % 100, 'x');
	for (int i = 0; i < 1000; i++) {
		auto one = std::make_unique<Aligned>();
		auto *many = new (std::nothrow) Aligned[3];

		if ((size_t)one.get() % 128 || (size_t)many % 128)
			abort();
		delete[] many;
	}
	try {
		volatile size_t huge = 1ul << 60;
		char *none = new char[huge];
		__asm__ volatile("" : : "r"(none));
		abort();
	} catch (const std::bad_alloc &) {
	}
}

int main()
{
	std::vector<std::thread> threads;

	for (int i = 0; i < 4; i++)
		threads.emplace_back(work);
	for (auto &t : threads)
		t.join();
	std::puts("done");
}
END
# Objects as JSON, buffers, compression, threads with heaps of their own, children and their pipes.
cat >"$WORK/work.js" <<'END'
const assert = require("assert"), zlib = require("zlib"), crypto = require("crypto");
const { execFileSync, spawn } = require("child_process");
const { Worker, isMainThread, parentPort, workerData } = require("worker_threads");

function churn(seed, rounds) {
	const held = new Map(), hash = crypto.createHash("sha256");
	for (let i = 0; i < rounds; i++) {
		seed = (seed * 1103515245 + 12345) % 2147483648;
		held.set(seed % 301, Buffer.alloc(seed % 20000, i));
		if (i % 3 === 0)
			held.delete(seed % 97);
	}
	for (const key of [...held.keys()].sort())
		hash.update(held.get(key));
	return hash.digest("hex");
}
if (!isMainThread) {
	parentPort.postMessage(churn(workerData, 3000));
} else if (process.argv[2] === "child") {
	process.stdin.pipe(zlib.createGunzip()).pipe(process.stdout);
} else {
	const data = Array.from({ length: 3000 }, (_, i) => ({ ["key" + i]: "v".repeat(i % 200), n: [i, i / 7] }));
	const text = JSON.stringify(data);
	assert.deepStrictEqual(JSON.parse(text), data);
	console.log("json", text.length, crypto.createHash("md5").update(text).digest("hex"));
	for (const level of [1, 9])
		assert.equal(zlib.gunzipSync(zlib.gzipSync(text, { level })).toString(), text);
	assert.equal(zlib.brotliDecompressSync(zlib.brotliCompressSync(text.slice(0, 50000))).toString(), text.slice(0, 50000));
	console.log("main", churn(1, 3000));
	console.log("exec", execFileSync("echo", ["a child"]).toString());
	const workers = [1, 2, 3].map(seed => new Promise((done, failed) => {
		const w = new Worker(__filename, { workerData: seed });
		w.on("message", done).on("error", failed);
	}));
	const child = new Promise(done => {
		const c = spawn(process.execPath, [__filename, "child"], { stdio: ["pipe", "pipe", "inherit"] }), parts = [];
		c.stdout.on("data", d => parts.push(d));
		c.on("close", code => done([code, Buffer.concat(parts).toString() === text]));
		c.stdin.end(zlib.gzipSync(text));
	});
	Promise.all([...workers, child]).then(all => console.log(JSON.stringify(all)));
}
END
same python-threads "$PYTHON" "$WORK/threads.py"
PYTHONMALLOC=malloc same python-malloc "$PYTHON" "$WORK/data.py"
same gcc gcc -O2 -D_GNU_SOURCE -Iinclude -c user/refmalloc/block.c -o "$WORK/block.o"
same g++ g++ -O1 -pthread "$WORK/new.cc" -o "$WORK/new"
same c++ "$WORK/new"
# shellcheck disable=SC2016
same perl perl -e 'my %h; for my $i (1 .. 50000) { $h{$i % 5000} .= "x$i"; delete $h{$i % 777}; }
	print join(",", map { length $h{$_} } sort keys %h), "\n"'
same sqlite3 sqlite3 :memory: 'create table t(a, b); with recursive c(x) as (select 1 union all
	select x + 1 from c where x < 20000) insert into t select x, x * 7919 % 10007 from c;
	create index i on t(b); select a, b from t where b > 9000 order by b, a;'
# Those of python's own tests that make and drop objects of every size.
same python-tests "$PYTHON" "$WORK/own_tests.py"
PYTHONMALLOC=malloc REFMALLOC_OPTIONS=check=2,junk $PRELOAD "$PYTHON" -m unittest -q test.test_dict \
	test.test_memoryview >"$WORK/with" 2>&1 || fail "python-tests: $?: $(tail -20 "$WORK/with")"
need node
same node node "$WORK/work.js"
mkdir "$WORK/repository"
git_work() {
	cd "$WORK/repository" && rm -rf .git && cp -r "$HERE/../../user" . && git init -q &&
		git add . && git -c user.name=x -c user.email=x@x commit -qm all && git gc -q && git log --stat --format=%s
}
export -f git_work
export WORK HERE
PRELOAD=$PWD/$PRELOAD same git bash -c git_work

# redis-server: real traffic, a child that saves, and memory that comes back.
start env REFMALLOC_OPTIONS=stats="$WORK/stats" $PRELOAD redis-server --port 0 --unixsocket "$WORK/redis" \
	--dir "$WORK" --save '' --logfile "$WORK/redis.log"
server=$!
eventually 10 test -S "$WORK/redis"
redis-benchmark -s "$WORK/redis" -q -n 5000 -t set,get,lpush,lrange_100,mset >"$WORK/benchmark" ||
	fail "redis-benchmark: $(cat "$WORK/benchmark")"
[ "$(redis-cli -s "$WORK/redis" save)" = OK ] || fail "redis cannot save"
redis-cli -s "$WORK/redis" bgsave >"$WORK/bgsave"
redis-cli -s "$WORK/redis" shutdown nosave
ended "$server" || fail "redis-server ended with $?"
grep -q "\"pid\":$server," "$WORK/stats" || fail "no statistics of redis-server"
