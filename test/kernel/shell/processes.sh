trap 'echo cleanup; rm -f t.$$' EXIT INT
echo data > t.$$; cat t.$$
(sleep 5 & p=$!; kill $p; wait $p; echo $?)
sh -c 'kill -9 $$'; echo $?; sh -c 'kill -SEGV $$' 2>/dev/null; echo $?; sh -c 'exit 300'; echo $?
sh -c 'kill -INT $$'; echo $?
sh -c 'trap "echo t; exit 9" TERM; kill -TERM $$; echo no'; echo $?
nosuchcommand 2>/dev/null; echo $?; /etc/passwd 2>/dev/null; echo $?; /nonexistent/x 2>/dev/null; echo $?
sh -c 'set -e; (exit 3); echo no'; echo $?; sh -ec 'false | true; echo yes'; echo $?; sh -c 'set -eu; echo ${undef}' 2>/dev/null; echo $?
sh -c 'echo $0 $@' n 1 2; echo 'echo stdin $1' | sh -s arg; echo 'echo plain; exit 4' | sh; echo $?
sh -c 'f() { exit 6; }; f; echo no'; echo $?; sh -c 'echo "unterminated' 2>/dev/null; echo $?
sh -c 'x=$(exit 8)'; echo $?; sh -c 'true; exit'; echo $?; sh -c 'false; exit'; echo $?; sh -c ''; echo $?
printf 'cat <<E\nhere\nE\necho after\n' | sh; printf 'f() {\necho in f\n}\nf\n' | sh
echo 'exit 3' > s; chmod +x s; ./s; echo $?; printf '#!/bin/sh\necho "script $1"\n' > s; ./s arg; rm s
wait; jobs; sleep 0.01 & wait %1; echo $?; set -- $(echo x y); echo $2
unset -v x; x=1 sh -c 'echo ${x-no}'; echo ${x-no}; HOME=/h sh -c 'echo ~'
