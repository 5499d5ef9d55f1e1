echo "$(echo "a $(echo "b $(echo c)")")" `echo \`echo nested\`` $(echo ')' '(' "'") 
echo $(echo a; echo b) "$(echo a; echo b)" "$(printf 'x\n\n\n')|"
x=$(cat <<E
)
E
); echo "$x"
echo "`echo "q"`" "$(echo \"q\")" `echo '$x'` "\`"
y="$(echo 'single "double"')"; echo "$y"
echo $(# comment )
echo after comment)
echo $( (echo sub) ) $((1)) $(echo $((2))) "$(echo $(echo deep) )"
