echo "${PWD##*/}" | grep -c .; (cd /; sh -c 'echo $PWD; cd dev; env | grep ^PWD'; PWD=/nonsense sh -c 'echo $PWD')
type cd if nosuch 2>&1 | head -2; command -v cd; command -v if; command -v nosuch; echo $?; command echo via; command false; echo $?
export A=1 B; B=2; sh -c 'echo $A $B'; readonly R=1; (R=2) 2>/dev/null; echo $?; unset A; echo ${A-unset}
umask 027; umask; umask 22; cd /; pwd; cd /etc; cd - ; echo $OLDPWD $PWD
test 1 -lt 2 && echo lt; [ a = a -a b = b ] && echo and; [ a = b -o b = b ] && echo or; [ ! a = b ]; echo $?; [ \( a = a \) ]; echo $?; test; echo $?; test x; [ -n "" ]; echo $?; [ -z "" ]; echo $?; [ -d / -a -f /etc/passwd ]; echo $?
[ 5 -eq 05 ]; echo $?; [ -5 -lt 3 ]; echo $?; [ a -eq 1 ] 2>/dev/null; echo $?; [ = = = ]; echo $?; [ '!' ]; echo $?; [ -f ]; echo $?; [ '(' = '(' ]; echo $?
eval 'x=1; echo $x'; eval; echo $?; eval false; echo $?
printf '%s-%d-%x-%o-%c|%5s|%-5s|%05d|%.2s|%%|%b\n' str 42 255 8 char r l 7 abc 'a\tb\0101'
printf '%s %s\n' a b c; printf 'no args %s %d\n'; printf '%d %i\n' 0x10 "'A"; printf '\101\n'; printf '%+d % d %#x %#o\n' 5 5 255 8; printf '%*d|%-*d|\n' 5 1 5 2; printf '%5.3d|\n' 7; printf '%X\n' 171
true; echo $?; false; echo $?; : arg; echo $?
set -- a b; echo $#; set -x; : hi 2>/dev/null; set +x; echo "$-" | tr -d s
set -- -a; echo $1; set a b c; echo $3; set -e; set +e; set -o nounset; (echo $undefd) 2>/dev/null; echo $?
times >/dev/null; echo $?; kill -l 9; kill -l 143
. ./nofile 2>/dev/null; echo not reached
