sh -o errexit -c 'false; echo no'; echo $?; sh -eo nounset -c 'echo ${nosuch}; echo no' 2>/dev/null; echo $?; sh -o nosuch -c 'echo no' 2>/dev/null; echo $?
printf 'set -v\necho a\nfor i in 1 2\ndo echo $i\ndone\neval "echo b"\n' >s; sh s 2>&1; sh <s 2>&1; rm s
touch f; chmod 4755 f; [ -u f ]; echo $?; [ -g f ]; echo $?; [ -k f ]; echo $?; chmod 3755 f; [ -u f ]; echo $?; [ -g f ]; echo $?; [ -k f ]; echo $?; rm f
