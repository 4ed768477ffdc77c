//! The report of `level2_overlap`.

use common::{human, plural};
use mpi::topology::SimpleCommunicator;

use super::heat::{forecast, gather, open};
use super::{Report, compared};
use crate::forecast::overlapped_step;
use crate::{Clock, HeatArgs, OverlapArgs, Plate, fingerprint};

impl<'a> Report<'a, OverlapArgs> {
    /// Learns where the ranks run; every rank calls this. Rank 0 opens the file of `--json`.
    ///
    /// # Errors
    /// Those of heat.
    pub fn open(args: &'a OverlapArgs, world: &SimpleCommunicator) -> anyhow::Result<Self> {
        open(args, "level2_overlap", &args.heat, "as blocking is overlap", world)
    }

    /// Prints what overlap gained over blocking, and over one rank; every rank calls this, rank 0
    /// prints. Both exchanges have come to the same `plate`.
    ///
    /// # Errors
    /// If the record cannot be written.
    pub fn print(
        mut self,
        world: &SimpleCommunicator,
        plate: &Plate,
        blocking: &Clock,
        overlap: &Clock,
    ) -> anyhow::Result<()> {
        let doubt = self.doubt(world);
        let HeatArgs { size, steps, .. } = self.args.heat;
        let forecast = forecast(&self.args.heat, world, plate, overlapped_step);
        let Some(cells) = gather(world, plate) else { return Ok(()) };
        let plate = format!("{:016x}", fingerprint(&cells));
        let same = format!("fingerprint   {plate}   the same with both exchanges, and in heat");
        if overlap.step.is_empty() {
            println!("\n{same}"); // finished before: nothing was measured
            return self.record.result("fingerprint", plate).append();
        }
        let [waiting, meanwhile] = [blocking, overlap].map(|clock| clock.step.median());
        let gain = waiting.as_secs_f64() / meanwhile.as_secs_f64();
        let doubt = blocking.part_of_a_run().or(doubt);
        let alone = self.ranks == 1;
        let judged = !alone && doubt.is_none();
        if alone {
            println!("One rank has no neighbour, so there is nothing to overlap.");
        }
        if judged {
            self.record.answer(&compared("Overlap is", gain, "blocking"));
        }
        let scaling = self.headline(&overlap.step, &human(overlap.total), doubt);

        let mut rows = vec![
            same,
            format!("blocking      {:>9}   a step: messages, then arithmetic", human(waiting)),
            format!("overlap       {:>9}   a step: both at once", human(meanwhile)),
        ];
        let both = !alone && !blocking.step.is_empty(); // or blocking was finished before
        rows.truncate(if both { 3 } else { 1 });
        rows.extend(self.checkpoints(overlap));
        let problem = format!("{size} x {size} cells, {}", plural(steps, "step"));
        let run = (forecast, meanwhile.mul_f64(steps as f64));
        let why = "only the time that messages take can be hidden";
        self.details(&problem, &rows, scaling, run, judged.then_some((gain, why)));
        self.record
            .result("resumed_step", overlap.resumed)
            .result("blocking_step_s", both.then_some(waiting.as_secs_f64()))
            .result("overlap_step_s", meanwhile.as_secs_f64())
            .result("total_s", overlap.total.as_secs_f64())
            .result("fingerprint", plate)
            .append()
    }
}
