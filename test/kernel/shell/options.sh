sh -o errexit -c 'false; echo no'; echo $?; sh -eo nounset -c 'echo ${nosuch}; echo no' 2>/dev/null; echo $?; sh -o nosuch -c 'echo no' 2>/dev/null; echo $?
printf 'set -v\necho a\nfor i in 1 2\ndo echo $i\ndone\neval "echo b"\n' >s; sh s 2>&1; sh <s 2>&1; rm s
touch f; chmod 4755 f; [ -u f ]; echo $?; [ -g f ]; echo $?; [ -k f ]; echo $?; chmod 3755 f; [ -u f ]; echo $?; [ -g f ]; echo $?; [ -k f ]; echo $?; rm f
umask; umask u=rwx,g=rx,o=; umask; umask -S; umask -S g-x; umask 0; umask -S; umask a=; umask; umask u+x,go+r; umask; umask 8 2>/dev/null; echo $?; umask x 2>/dev/null; echo $?
f() { return 010; }; f; echo $?; set a b c d e f g h i j k; shift 010; echo $#; seq 08 10; seq 12 | head -n 010 | wc -l; seq 12 | tail -n 09 | wc -l; seq 3 | head -n 99999999999; exit 012
