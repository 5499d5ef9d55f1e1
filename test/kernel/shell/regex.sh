# grep: basic, extended and plain patterns.
export LC_ALL=C
printf 'b 2\na 10\nc 1\na.10\nB x\n\tq\n\nfoo(bar)\na+b\nxyz]\n' > f
for p in a '^a' '[0-9]$' 'a.*0' '\(1\)0' 'x*' '' '[[:upper:]]' 'a\{1\} 1' '[]a]' '[^a-z]' '\.' '^$' 'a+b' 'foo(' '\(oo\)\{1,2\}' '[a-c] ' 'a$' '$' '^' 'a\+b' 'b\?2' 'a\|B' '^\(a\|b\)' '*' 'a**' '[.]' '[a\]'; do
  echo "basic $p"; grep "$p" f; echo $?
done
for p in 'a|b' '^(a|b) [0-9]+$' '1{1,2}0?' '()' 'a\+b' '^$' '(a|b|c) (1|2)' 'o{2}' 'o{3}' '(o)+\(' '[+(]' 'a?b?c?$' '^(.)(.)' 'x(y|)z' '(ab*)*' '1{0}0' '.{4,}' '^.{3}$' 'a{,2}b'; do
  echo "extended $p"; grep -E "$p" f; echo $?
done
for p in 'a.10' 'foo(' '+' ''; do echo "fixed $p"; grep -F "$p" f; echo $?; done
grep -v a f; grep -n a f; grep -c a f; grep -q zz f; echo $?; grep -i b f; grep -l a f; grep -ci X f; grep zz nofile 2>/dev/null; echo $?; grep -E '(' f 2>/dev/null; echo $?
cp f g; grep 10 f g; grep -c 10 f g; grep -l xyz f g; echo text | grep e -; grep a < f | head -1; grep -vn . f; rm f g
