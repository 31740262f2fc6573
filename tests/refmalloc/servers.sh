#!/bin/bash
# servers.sh - nginx under load, its workers forked, serves under refmalloc what it serves without.

set -u
. "$(dirname "$0")/../bpf/lib.sh"
need nginx wrk

mkdir -m 777 "$WORK/www"
for i in {1..5000}; do echo "line $i of what is served"; done >"$WORK/www/index.html"
PORT=$("$PYTHON" -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$WORK/nginx.conf" <<END
worker_processes 2; error_log $WORK/error.log; pid $WORK/nginx.pid; daemon off; user root;
events { worker_connections 64; }
http { access_log off; gzip on; gzip_types *; client_body_temp_path $WORK/www/body;
  proxy_temp_path $WORK/www/proxy; fastcgi_temp_path $WORK/www/fastcgi;
  uwsgi_temp_path $WORK/www/uwsgi; scgi_temp_path $WORK/www/scgi;
  server { listen 127.0.0.1:$PORT; root $WORK/www; } }
END
listening() { (: >"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; }

for options in stats="$WORK/stats" check=2,junk; do
	start env REFMALLOC_OPTIONS="$options" scripts/preload.sh \
		nginx -p "$WORK" -c "$WORK/nginx.conf" -e "$WORK/error.log"
	server=$!
	eventually 20 listening
	wrk -t 1 -c 8 -d 1 -H 'Accept-Encoding: gzip' "http://127.0.0.1:$PORT/" >"$WORK/wrk" ||
		fail "wrk: $(cat "$WORK/wrk")"
	grep -q 'Non-2xx\|Socket errors' "$WORK/wrk" && fail "wrk: $(cat "$WORK/wrk")"
	"$PYTHON" -c "import gzip, sys, urllib.request as u
sys.stdout.buffer.write(gzip.decompress(u.urlopen(u.Request(
    'http://127.0.0.1:$PORT/', headers={'Accept-Encoding': 'gzip'})).read()))" |
		cmp -s - "$WORK/www/index.html" || fail "options '$options': other bytes are served"
	# With SIGHUP the old workers end, and new ones are forked.
	kill -HUP "$(cat "$WORK/nginx.pid")"
	eventually 20 listening
	kill -QUIT "$(cat "$WORK/nginx.pid")"
	ended "$server" || fail "options '$options': nginx ended with $?: $(cat "$WORK/error.log")"
	grep -q 'signal 6\|signal 11\|exited on signal' "$WORK/error.log" && fail "$(cat "$WORK/error.log")"
done
[ "$(grep -c '"pid":' "$WORK/stats")" -ge 3 ] || fail "not all of nginx's processes told their numbers"
