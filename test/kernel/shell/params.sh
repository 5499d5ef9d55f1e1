x=abc; e=; unset u
echo "${x:-d} ${e:-d} ${u:-d} ${x-d} ${e-d} ${u-d}"
echo "${x:+d}|${e:+d}|${u:+d}|${x+d}|${e+d}|${u+d}"
echo "${u:=new} $u ${e:=filled} $e"
echo "${#x} ${#u} ${#}"
p=/usr/local/lib/libfoo.so.1
echo "${p##*/} ${p#*/} ${p%/*} ${p%%/*} ${p%.*} ${p%%.*}"
v='a*b'; echo "${v%\*b} ${v%'*b'} ${v#"a"}"
echo "$1 $2 ${3} ${10:-none} $# ${0##*/}"
for i in "$@"; do echo "<$i>"; done
for i in $@; do echo "<$i>"; done
for i in "$*"; do echo "<$i>"; done
IFS=:; for i in "$*"; do echo "<$i>"; done; unset IFS
set -- ; for i in "$@" ; do echo "no"; done; for i in "x$@y"; do echo "$i"; done
echo "${x:-a b}" ${u2:-a   b} "${u3:-"q r"}" "${u4:-it's}"
for i in ${u5:-"a b" c}; do echo "<$i>"; done
(echo ${nope:?is missing}); echo $?
(unset y; set -u; echo $y); echo $?
set -- 1 2 3 4 5 6 7 8 9 10 11; echo ${10} ${11} $10; shift 3; echo $* $#; shift 20; echo $?
