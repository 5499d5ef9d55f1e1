for i in 1 2 3 4 5; do [ $i = 2 ] && continue; [ $i = 4 ] && break; echo $i; done
for i in a b; do for j in 1 2 3; do [ $j = 2 ] && continue 2; echo $i$j; done; done
for i in a b; do while :; do break 2; done; done; echo $i
i=0; until [ $i -ge 3 ]; do echo u$i; i=$((i+1)); done
while false; do :; done; echo $?
if false; then echo 1; elif false; then echo 2; elif true; then echo 3; else echo 4; fi
if false; then :; fi; echo $?
true && echo and || echo or; false && echo and || echo or; ! true; echo $?; ! false; echo $?
{ echo a; echo b; } | cat; ( echo c; exit 3 ); echo $?
{ echo to file; } > f; cat < f; cat f >> f2; cat f f2; rm f f2
false | true; echo $?; true | false; echo $?
for i do echo "p$i"; done
for i in; do echo never; done; echo $?
: & wait $!; echo $?; (exit 5) & wait $!; echo $?; wait; echo $?; wait 99999; echo $?
x=$(exit 4); echo $?; x=$(echo hi; false) ; echo $? $x; echo $(exit 3) $?
false; x=$?; echo $x; false; echo $(echo $?)
exec 3>o; echo three >&3; exec 3>&-; cat o; rm o
echo a > o; echo b 1>> o; cat 0< o; (echo e >&2) 2>o; cat o; cat <nofile 2>/dev/null; echo $?
echo x >|o; cat o; set -C; (echo y > o) 2>/dev/null; echo $?; cat o; echo z >| o; cat o
