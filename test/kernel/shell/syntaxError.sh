echo one
if then
echo two
