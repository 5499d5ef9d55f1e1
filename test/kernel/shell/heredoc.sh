x=val
cat <<EOF
plain $x ${x} $(echo cmd) `echo bq` $((1+1)) \$x \\ "q" 'q' \
joined
EOF
cat <<'EOF'
literal $x $(echo) \n \
EOF
cat <<-EOF
	tabs	kept
		gone
	EOF
cat <<A; cat <<B
a
A
b
B
f() { cat <<E
in f $1
E
}; f one; f two
while read l; do echo "[$l]"; done <<E
l1
  l2  
E
cat <<"E O F" | tr a-z A-Z
pipe
E O F
y=$(cat <<E
in subst
E
); echo "$y"
if true; then cat <<E; fi
iff
E
cat 3<<E <&3
three
E
i=0; while [ $i -lt 800 ]; do i=$((i+1)); big="$big 0123456789"; done
cat <<E | wc -c
$big
E
cat <<E
no end
