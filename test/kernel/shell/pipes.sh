echo hello | tr a-z A-Z | cat; seq 1 1000 | tail -1; yes 2>/dev/null | head -2; echo a | (read x; echo got $x); 
{ echo 1; echo 2 >&2; } 2>&1 | sort -r; echo x | while read y; do z=$y; done; echo "${z-unset}"
true | exit 3; echo $?; ! echo a | grep -q b; echo $?; echo end |
cat
echo a &&
echo b ||
echo c
