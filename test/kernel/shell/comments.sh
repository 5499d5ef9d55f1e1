#!/bin/sh
# c1
echo a # c2
echo b#c '#d' \#e # f
echo \
 cont
: ; echo ';' ; # x
