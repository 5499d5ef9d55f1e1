set -e
false || echo ok
if false; then :; fi
! true
false && true
echo before
f() { false; echo in f; }
f || echo or
(false; echo no) || echo subshell
x=$(false) || echo assign
f
echo not reached
