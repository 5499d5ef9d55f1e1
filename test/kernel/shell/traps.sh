trap 'echo exit $?' EXIT
trap 'echo usr1' USR1
kill -USR1 $$; echo after
trap '' TERM; kill -TERM $$; echo ignored
trap - USR1; trap
(trap 'echo sub' EXIT; echo in sub)
(kill -TERM $$; echo still)
sleep 0.2 & trap 'echo got' USR2; (sleep 0.05; kill -USR2 $$) & wait $!; 
f() { trap 'echo f trap' HUP; kill -HUP $$; }; f
exit 3
