echo 'it'\''s' "a\"b" a\ b "\$HOME" 
printf '%s\n' '\n' "\n" "a
b" 'c
d' "" ''
a='x"y'; echo "$a" ${a} '$a'; echo "$(echo '"')" "${a#x\"}" "${a%"y"}"
echo "*" \* '*'; echo "a	b"; printf '%s\n' a\\b; printf '%s\n' "a\\b"
