#!/usr/bin/env bash
# submit.sh JOB [SBATCH OPTIONS...]    Submit a job script with the settings of site.env.
#
#   scripts/slurm/submit.sh level1
#   scripts/slurm/submit.sh level2-multinode --nodes=2 --wait
#
# JOB is the name of a job script in this folder, without .sbatch. Options after it go to sbatch and
# win over those in the script. The output is written next to the script: scripts/slurm/JOB-NUMBER.out
# shellcheck source=scripts/lib/prologue.sh
. "$(dirname -- "$(readlink -f -- "$0")")/../lib/prologue.sh"
folder=$repo/scripts/slurm
read_site
jobs=$(cd "$folder" && ls -- *.sbatch)
jobs=${jobs//.sbatch/}
jobs=${jobs//$'\n'/, }

job=${1:-}
case $job in
  -h | --help) usage; exit ;;
  '' | */* | -*) die "which job? $jobs" ;;
esac
shift
[ -e "$folder/$job.sbatch" ] || die "there is no job '$job'; there are $jobs"
have sbatch || die "no sbatch here: log in to the cluster, or practise: scripts/practice-cluster.sh up"

partition=$PARTITION
[ "$job" != level3 ] || partition=${GPU_PARTITION:-$PARTITION}
options=(--output="$folder/%x-%j.out")
[ -z "$ACCOUNT" ] || options+=(--account="$ACCOUNT")
[ -z "$partition" ] || options+=(--partition="$partition")

cd "$repo" # the job looks for the repository where it was submitted
printf '$ %s\n' "$(quoted sbatch "${options[@]}" "$@" "scripts/slurm/$job.sbatch")"
case " $* " in *" --wait "* | *" -W "*) echo "waiting until the job ends ..." ;; esac
status=0
id=$(sbatch --parsable "${options[@]}" "$@" "scripts/slurm/$job.sbatch") || status=$?
[ -n "$id" ] || die "Slurm refused the job: the line above says why; limits: scontrol show partition" 1
id=${id%%;*} # on some sites followed by the name of the cluster
output=$(quoted "$folder/$job-$id.out")
echo "job $id"
echo "  where it stands   squeue --me; scontrol show job $id"
echo "  what it wrote     tail -f $output"
echo "  end it            scancel $id"
exit "$status"
