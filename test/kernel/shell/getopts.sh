t() { OPTIND=1; while getopts ab:c o; do echo "$o ${OPTARG-}"; done; shift $((OPTIND-1)); echo "rest $*"; }
t -a -b x -c y z; t -abx; t -ac -- -b; t -b; t -z; t
q() { OPTIND=1; while getopts :ab: o; do echo "$o ${OPTARG-}"; done; }; q -a -b 2>&1; q -x -a
