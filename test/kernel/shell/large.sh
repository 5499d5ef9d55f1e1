# Nothing is too long, too many or too deep.
p=cat; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18; do p="$p | cat"; done; echo x | eval "$p"; echo $?
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34; do sleep 0.2 & done; wait $!; echo $?; wait; echo $?
line=0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz
i=0; { echo 'cat <<-E'; while [ $i -lt 300 ]; do i=$((i+1)); echo "	$line $i"; done; echo '	E'; echo 'echo after'; } >s; sh <s | tail -n 2; rm s
i=0; v=; while [ $i -lt 1000 ]; do i=$((i+1)); v="$v$i:*"; done; echo ${#v}; case $v in *:\*1000:\*) echo fits;; esac; w=${v%999*}; echo ${#w}
