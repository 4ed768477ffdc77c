//! Who does what: contiguous slices of one range, and who is next to whom.

use std::ops::Range;

use mpi::Rank;
use mpi::topology::{Process, SimpleCommunicator};
use mpi::traits::*;

/// The slice of `0..n` that belongs to `rank` out of `size` ranks.
///
/// Everybody gets the base share `n / size`, and the first `n % size` ranks one more: no gap, no
/// overlap, and no two slices differ by more than one. With more ranks than items, the last ranks
/// get an empty slice.
pub fn slice_of(n: u64, rank: Rank, size: Rank) -> Range<u64> {
    let (rank, size) = (rank as u64, size as u64);
    let (base, remainder) = (n / size, n % size);
    let start = rank * base + rank.min(remainder);
    let share = base + u64::from(rank < remainder);
    start..start + share
}

/// The ranks that own the slices before and after mine; the first and the last rank lack one.
pub fn neighbours(world: &SimpleCommunicator) -> (Option<Process<'_>>, Option<Process<'_>>) {
    let (rank, size) = (world.rank(), world.size());
    let before = (rank > 0).then(|| world.process_at_rank(rank - 1));
    let after = (rank + 1 < size).then(|| world.process_at_rank(rank + 1));
    (before, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks one split: it starts at 0, ends at n, and leaves neither gap nor overlap.
    fn tiles(n: u64, size: Rank) {
        let mut end = 0;
        for rank in 0..size {
            let slice = slice_of(n, rank, size);
            assert_eq!(slice.start, end, "rank {rank} of {size}, n = {n}");
            let share = slice.end - slice.start;
            let base = n / size as u64;
            assert!(share == base || share == base + 1, "rank {rank} of {size}, n = {n}: {share}");
            end = slice.end;
        }
        assert_eq!(end, n, "{size} ranks");
    }

    #[test]
    fn the_slices_tile_the_range_for_every_small_n_and_size() {
        for n in 0..=300 {
            for size in 1..=70 {
                tiles(n, size);
            }
        }
    }

    #[test]
    fn the_slices_tile_the_range_for_large_n_and_many_ranks() {
        // A fixed walk through the 64-bit numbers (Knuth's multiplier), the same in every run.
        let mut state = 1_u64;
        for _ in 0..500 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            tiles(state >> (state % 60), (state >> 40) as Rank % 3000 + 1);
        }
        tiles(u64::MAX, 1);
        tiles(u64::MAX, 4096);
    }

    #[test]
    fn the_first_ranks_take_the_remainder() {
        let slices: Vec<_> = (0..4).map(|rank| slice_of(10, rank, 4)).collect();
        assert_eq!(slices, [0..3, 3..6, 6..8, 8..10]);
    }

    #[test]
    fn with_more_ranks_than_items_the_last_slices_are_empty() {
        assert_eq!(slice_of(2, 1, 3), 1..2);
        assert!(slice_of(2, 2, 3).is_empty());
    }
}
