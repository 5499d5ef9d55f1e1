show() { echo "$#:"; for i; do echo "<$i>"; done; }
x='  a  b   c '; show $x; show "$x"; show $x$x; show p${x}q
IFS=:; y='a::b:'; show $y; show ":$y"; z=:a; show $z
IFS=' :'; y=' a : b  : :c: '; show $y
IFS=''; show $x; unset IFS
show '' "" ; show $nothing ; show "$nothing" ; show $nothing"" 
show "a"'b'c\ d; show a\
b
mkdir -p etc/sub; cd etc; : > passwd; : > group; : > .hidden; : > sub/one; show *; show .h*; show */*; show sub/*; show */; show 'pass*' pass\* ; show /nonexist*/x ; show [p]asswd passw[!x] ; show ../e[t]c/pass[[:alpha:]]d
set -f; show *; set +f
v='pass*'; show $v; show "$v"; show \$v '$v' "\$v \\ \" "
HOME=/h; show ~ ~/x "~" a~ ; p=~/a:~/b; show "$p"
