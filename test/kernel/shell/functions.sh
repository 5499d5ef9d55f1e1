f() { echo "f $# $1"; return 3; echo no; }
f x y; echo $?
g() { local v=1; v=2; h; echo $v; }; h() { echo "h $v"; v=9; }; v=0; g; echo $v
fact() { if [ $1 -le 1 ]; then echo 1; else echo $(( $1 * $(fact $(($1-1))) )); fi; }; fact 10
rec() { [ $1 -gt 0 ] || return 0; rec $(($1-1)); printf '%s ' $1; }; rec 20; echo
k() ( cd /; x=1; pwd ); k; echo "$x"
m() if true; then echo m; fi; m
r() { echo out; echo err >&2; } >/dev/null 2>&1; r; echo $?
X=1 eval 'echo $X'; echo "$X"
p() { echo "$P"; }; P=tmp p; echo "$P"
f() { echo new; }; f; unset -f f; f 2>/dev/null; echo $?
loop() { for i in 1 2 3; do [ $i = 2 ] && return 7; echo $i; done; }; loop; echo $?
q() { set -- z y; echo $1 $#; }; set -- orig; q; echo $1 $#
b() { break; }; for i in 1 2; do b; echo $i; done
outer() { inner() { echo in; }; }; outer; inner
n() { f() { echo redefined; }; echo still; }; n; f; s() { s() { echo second; }; echo first; }; s; s
