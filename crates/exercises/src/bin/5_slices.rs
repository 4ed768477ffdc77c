//! The check of exercise 5.

exercises::exercise!("5_slices.rs");

use std::cmp::Ordering;
use std::process::ExitCode;

use common::plural;
use exercises::ranks::{Rank, check_on_ranks, job};
use exercises::{Fault, not_yet};
use mpi::environment::Universe;
use mpi::traits::*;

fn main() -> ExitCode {
    check_on_ranks(
        exercise::program,
        || [1, 2, 4, 7].into_iter().try_for_each(|r| job(r, 0).map(drop)),
        rank,
    )
}

/// Every rank says which slices it has; rank 0 looks at them all.
fn rank(universe: &Universe, _: &Rank) -> anyhow::Result<()> {
    let world = universe.world();
    let (rank, size) = (world.rank(), world.size());
    for items in [8, 10, 0, 3, 1000, 10_000_001] {
        let mine = exercise::my_slice(items, rank, size);
        let mut all = vec![0; 2 * size as usize];
        world.all_gather_into(&[mine.start, mine.end][..], &mut all[..]);
        let slices: Vec<(u64, u64)> = all.as_chunks().0.iter().map(|&[a, b]| (a, b)).collect();
        if let Err(fault) = look(items, &slices) {
            if rank == 0 {
                fault.print();
            }
            break;
        }
    }
    Ok(())
}

fn look(items: u64, slices: &[(u64, u64)]) -> Result<(), Fault> {
    let size = slices.len() as u64;
    let fault = |found: String| {
        let ranks = plural(size, "rank");
        not_yet(format!("{items} items on {ranks}: each item belongs to one rank"), found)
    };
    let mut filled: Vec<_> = slices.iter().copied().filter(|(start, end)| start < end).collect();
    filled.sort_unstable();
    let mut next = 0;
    for (start, end) in filled {
        match start.cmp(&next) {
            Ordering::Greater => return Err(fault(format!("nobody has item {next}"))),
            Ordering::Less => return Err(fault(format!("two ranks have item {start}"))),
            Ordering::Equal => next = end,
        }
    }
    if next < items {
        let rest = items % size;
        return Err(fault(format!(
            "nobody has item {next}. {items} / {size} is {} and leaves a rest of {rest}: let the \
             first ranks take one more each until it is used up",
            items / size
        )));
    }
    if next > items {
        return Err(fault(format!("somebody has item {items}; the last one is {}", items - 1)));
    }
    let shares = || slices.iter().map(|(start, end)| end.saturating_sub(*start));
    let (least, most) = (shares().min().unwrap_or(0), shares().max().unwrap_or(0));
    if most > least + 1 {
        return Err(not_yet(
            format!("{items} items on {size} ranks: no rank has two more than another"),
            format!("one has {most}, another {least}, and all wait for the first"),
        ));
    }
    Ok(())
}
