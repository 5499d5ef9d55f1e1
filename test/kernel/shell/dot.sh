echo 'echo sourced $1; return 4; echo no' > lib; . ./lib; echo $?; rm lib
echo 'v=set' > lib; . ./lib; echo $v; rm lib
exec sh -c 'echo $0 $1' zero one
