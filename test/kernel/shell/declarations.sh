HOME=/h; x='a b *'; export V=$x; echo "$V"; readonly W=$x; echo "$W"; f() { local z=$x y=~/q:~; echo "[$z] $y"; }; f
export Q=~/t; v=export; $v R=$x; echo "$Q $R"; export "S=~"; echo "$S";
unset D; echo ${D-~} ${D:-~/x:~} "${D:-~}" ${D+~} ${HOME:+~} ${D-a~}; : ${D:=~}; echo "$D"
unset D; cat <<E
${D:-"q r"} ${D:-'s'} "${D:-~}"
E
