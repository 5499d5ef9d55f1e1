printf 'a b c d\n  x  \n\nback\\slash l\\\nine\nlast' > in
{ read x y; echo "<$x><$y>"; read x y; echo "<$x><$y>"; read x; echo "<$x>"; read x y; echo "<$x><$y>"; read x; echo "$? <$x>"; } < in
{ read a; read a; read a; read -r a; echo "<$a>"; } < in
echo 'a:b::c:' | { IFS=: read w x y z; echo "<$w><$x><$y><$z>"; }
echo 'a:b:c:d:' | { IFS=: read w x; echo "<$w><$x>"; }
echo ' a : b ' | { IFS=': ' read w x; echo "<$w><$x>"; }
echo 'one:' | { IFS=: read w; echo "<$w>"; }
echo 'p\:q:r' | { IFS=: read w x; echo "<$w><$x>"; }
echo $IFS | wc -c; printf 'x\n' | while read l; do echo $l; done; rm in
