# Programs with the options that people use. What they print must not depend on the system that runs them.
export LC_ALL=C
printf 'b 2\na 10\nc 1\na 10\nB x\n\tq\n' > f; seq 1 50 > n
sort f; sort -r f; sort -nr n | head -3; sort -u f; cat f | sort | uniq; sort f | uniq -c
seq 5; seq 2 5; seq 10 -3 1; seq -2 2; seq 3 1
tail -3 n; tail -n 2 n; tail -n +48 n; tail -c 5 n; tail -n 0 n; printf 'a\nb' | tail -1; tail -100 n | wc -l; tail -n 1 - < n
head -3 n; head -n 2 n; head -c 5 n; head -n 1 f n; head -2 < n; head -n 0 n
tr a-z A-Z < f; tr -d a < f; tr '[:lower:]' '[:upper:]' < f; tr '\n' , < f; tr -cd 0-9 < f; echo aabb | tr -s ab; echo abc | tr abc xy
cut -c1-2 < f; echo a:b:c | cut -d: -f1,3; echo a:b:c | cut -d : -f 2-; echo abc | cut -d: -f2; echo a:b | cut -f -1 -d:
basename /a/b.c .c; basename /a/b/; basename /; basename a; dirname /a/b; dirname a; dirname /a; dirname /; dirname a/b/
hexdump f; hexdump -C f; head -n 20 n | tr -d '\n' | hexdump -C; dd if=/dev/zero bs=1 count=100 2>/dev/null | hexdump -C
dd if=n bs=10 count=2 2>/dev/null; cat n | dd bs=1 skip=3 count=4 2>/dev/null; dd if=n of=o bs=1k 2>/dev/null; cmp n o; echo $?
dd if=f of=o conv=notrunc seek=1 bs=4 2>/dev/null; wc -c < o; dd if=/dev/zero of=o bs=2k count=3 2>/dev/null; wc -c < o; rm o
echo hi | tee t1 t2; cat t1 t2; echo x | tee -a t1; cat t1; rm t1 t2; echo y | tee /nowhere/x 2>/dev/null; echo $?
chmod 640 f; stat -c '%a %s %n %F' f; chmod u+x,go-r f; ls -l f | cut -c1-10; chmod a=r f; ls -l f | cut -c1-10; chmod 644 f
mkdir d; chmod g+w,o= d; stat -c %a d; chmod 9 d 2>/dev/null; echo $?; rmdir d
env -i A=1 B=2 env; A=0 env A=1 sh -c 'echo $A'; env nosuch 2>/dev/null; echo $?; env -u A sh -c 'echo ${A-none}'
find . -name 'f*' | sort; find . -type d | sort; find f n; mkdir -p q/w/e; find q | sort; find q -name w; rmdir q/w/e q/w q; echo $?
ln -s f l; readlink l; readlink f; echo $?; rm l; mkfifo p; (echo x > p &); cat p; rm p
taskset -c 0 sh -c 'echo ok'; taskset 1 nproc; yes | head -3; yes a b | head -2
wc -l < f; wc -w < f; wc -c < f; uname -s; uname -o; cat -n f; cat -A f; printf 'a\n\n\nb\n' | cat -s; printf 'a\n\nb\n' | cat -b; cat -E f
/bin/echo -e 'a\tb\n'; /bin/echo -n x; /bin/echo -ne 'x\c y'; /bin/echo -E 'a\tb'; /bin/echo -x
ls -1; ls -a; ls -d .; mkdir d; touch d/x; ls -R d; ls d; ls -F; ls f n; ls nofile 2>/dev/null; echo $?; rm -r d; ls -1r
sleep 0.01 0.01; echo $?; sleep 0.01s; sleep x 2>/dev/null; echo $?; kill -l 15; kill -0 $$; echo $?; kill -s TERM 99999 2>/dev/null; echo $?
touch -c nofile; ls nofile 2>/dev/null; cp f g; cmp f g; echo $?; mv g h; cmp f n > /dev/null; echo $?; rm -f h nofile; echo $?; rm nofile 2>/dev/null; echo $?
date +%Y-%m-%d | tr 0-9 d; date '+%H:%M:%S %% %j' | tr 0-9 d; which sh nosuch > /dev/null; echo $?; true; echo $?; false; echo $?
printf 'one two\nthree\n' | xargs echo; printf 'a b c' | xargs -n 1 echo x; seq 3 | xargs -n 2; echo | xargs echo none; timeout 0.05 sleep 5; echo $?; timeout 5 true; echo $?
free > /dev/null; free -m >/dev/null; ps > /dev/null; ps -ef > /dev/null; ps aux > /dev/null; echo $?;
rm f n
i=0; l=; while [ $i -lt 1500 ]; do i=$((i+1)); l=$l$i,; done; echo "$l" >l; cut -d, -f1499 l; cut -c6000-6010 l; cat l l | uniq -d | wc -c; cut -d: -f2 -s l l; grep -c 1500 l
printf 'a b\nc\n' >m; cut -d ' ' -f 2 m - <<E
x y
E
cut -f1 nofile m 2>/dev/null; echo $?; printf 'a\nb\nb\nc\nc\na\n' >m; uniq m; uniq -d m; uniq -u m; uniq -c m | cut -c6-; uniq nofile 2>/dev/null; echo $?; printf 'a\tb\t\tc\n' | cut -f2-3,5; printf '\n,\na,\n' | cut -d, -f1; rm l m
