t() { case $1 in a) echo A;; b|c) echo BC;; [0-9]*) echo num;; *.txt) echo text;; "*") echo star;; "") echo empty;; (paren) echo P;; *) echo other; esac; }
for i in a b c 12x foo.txt '*' '' paren zzz; do t "$i"; done
case x in y) ;; esac; echo $?
case x in x) false;; esac; echo $?
case "a b" in a\ b) echo ok;; esac
case abc in a?c) echo q;; esac; x='*'; case foo in $x) echo glob;; esac; case foo in "$x") echo no;; *) echo quoted;; esac
case in in in) echo in;; esac
case /a/b in /*b) echo slash;; esac
y=$(case x in x) echo sub;; esac); echo $y
case x in
  # comment
  a | b ) echo no ;;
  x )
    echo multi
    ;;
esac
case ] in []]) echo br;; esac; case - in [a-]) echo dash;; esac; case b in [!a]) echo neg;; esac
