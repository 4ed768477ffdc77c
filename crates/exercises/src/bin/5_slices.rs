//! The check of exercise 5.

exercises::exercise!("5_slices.rs", [(1, 0), (2, 0), (4, 0), (7, 0)]);

use std::ops::Range;

use common::plural;
use exercises::{expect, not_yet};
use mpi::topology::SimpleCommunicator;
use mpi::traits::*;

/// Every rank looks at the slices of all.
fn rank(world: &SimpleCommunicator, _: u64) -> anyhow::Result<()> {
    let (rank, size) = (world.rank(), world.size());
    for items in [8, 10, 0, 3, 1000, 10_000_001] {
        let mine = exercise::my_slice(items, rank, size);
        let mut all = vec![0; 2 * size as usize];
        world.all_gather_into(&[mine.start, mine.end][..], &mut all[..]);
        let slices: Vec<Range<u64>> = all.as_chunks().0.iter().map(|&[a, b]| a..b).collect();
        look(items, &slices)?;
    }
    Ok(())
}

fn look(items: u64, slices: &[Range<u64>]) -> anyhow::Result<()> {
    let size = slices.len() as u64;
    let job = format!("{items} items on {}", plural(size, "rank"));
    let owners = |item| slices.iter().filter(|slice| slice.contains(&item)).count();
    // How many ranks have an item changes only where a slice begins or ends.
    let edges = slices.iter().flat_map(|slice| [slice.start, slice.end]).chain([0, items]);
    let wrong = edges.filter(|&item| owners(item) != usize::from(item < items)).min();
    if let Some(item) = wrong {
        let found = match owners(item) {
            0 => format!(
                "nobody has item {item}. {items} / {size} is {} and leaves a rest of {}: let the \
                 first ranks take one more each until it is used up",
                items / size,
                items % size
            ),
            _ if item >= items => format!("a rank has item {item}, which does not exist"),
            _ => format!("two ranks have item {item}"),
        };
        return Err(not_yet(format!("{job}: each item belongs to one rank"), found));
    }
    let shares = || slices.iter().map(|slice| slice.end.saturating_sub(slice.start));
    let (least, most) = (shares().min().unwrap_or(0), shares().max().unwrap_or(0));
    expect(
        most <= least + 1,
        format!("{job}: no rank has two more than another"),
        format!("one has {most}, another {least}, and all wait for the first"),
    )
}
