# functions, redirections and pipes together
log() { printf '%s: %s\n' "$1" "$2" >&2; }
log a b 2>&1 | cat
count() { n=0; while read -r line; do n=$((n+1)); done; echo $n; }
printf '1\n2\n3\n' | count
join() { local IFS=$1; shift; echo "$*"; }; join , a b c; join + x y
for f in /etc/passwd /nonexistent /tmp; do if [ -f "$f" ]; then echo file; elif [ -d "$f" ]; then echo dir; else echo none; fi; done
max() { m=$1; shift; for i; do [ "$i" -gt "$m" ] && m=$i; done; echo $m; }; max 3 9 2
fib() { a=0 b=1 i=0; while [ $i -lt $1 ]; do t=$((a+b)) a=$b b=$t i=$((i+1)); done; echo $a; }; fib 30; fib 90
path=/a/b:/c/d:; old=$IFS; IFS=:; for d in $path; do echo "[$d]"; done; IFS=$old
rev() { [ $# -eq 0 ] || { local x="$1"; shift; rev "$@"; printf '%s ' "$x"; }; }; rev 1 2 3; echo
x="line1
line2"; echo "$x" | while IFS= read -r l; do echo "> $l"; done
case $(uname) in Linux) echo linux;; *) echo other;; esac
echo ${x%%
*}; v=$(printf 'a\tb'); echo "$v"; echo $v; IFS=; echo $v
set -- "a b" c; for i in "$@" "${@}" $* "$*"; do printf '<%s>' "$i"; done; echo
f() { echo $#; }; f "$@"; f $@; f "$*"; f "x$@x"; f "" ; f
a=1 b=$a; echo $a$b; a=2 b=$a c=$b; echo $c; x=5 y=$((x+1)); echo $y
{ echo x; } >&- 2>/dev/null; echo $?; echo y 2>&1 >/dev/null | cat; (exec >/dev/null; echo hidden); echo shown
[ -t 0 ]; echo $?; [ -e /nonexistent ] || echo no; test -s /etc/passwd && echo s; [ -r /etc/passwd -a ! -d /etc/passwd ] && echo r
echo $(( $(echo 1 2 3 | wc -w) + 1 )); if ! [ 1 = 2 ] && [ 2 = 2 ]; then echo both; fi
while :; do while :; do break 2; done; echo no; done; echo out
readonly Q=1; unset Q 2>/dev/null; echo never
