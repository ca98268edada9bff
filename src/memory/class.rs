//! The sizes of recycled blocks.

use crate::sync::heap::Layout;

/// Sizes in bytes, whole cache lines; the last is that of numbered blocks: thirty-two lines and one more.
const SIZES: [usize; 12] = [64, 128, 192, 256, 320, 384, 512, 768, 1_024, 2_048, 4_096, 2_112];

/// How many classes there are.
pub(super) const CLASSES: usize = SIZES.len();

/// Classes of plain blocks, in the order of their sizes.
const PLAIN: usize = CLASSES - 1;

/// Blocks start on a cache line.
const ALIGN: usize = 64;

/// Bytes of one class that the depot keeps at most; of numbered blocks, which are the largest, less.
const DEPOT_BYTES: usize = 512 << 10;
const NUMBERED_DEPOT_BYTES: usize = 96 << 10;

/// One size of recycled blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Class(u8);

impl Class {
    /// The class of numbered blocks.
    pub(super) const NUMBERED: Self = Self(PLAIN as u8);

    /// The smallest plain class that holds `layout`; none if it is too large or aligned too coarsely.
    #[inline(always)]
    pub(crate) const fn of(layout: Layout) -> Option<Self> {
        if layout.align() > ALIGN {
            return None;
        }
        let mut index = 0;
        while index < PLAIN {
            if layout.size() <= SIZES[index] {
                return Some(Self(index as u8));
            }
            index += 1;
        }
        None
    }

    /// Its number, below [`CLASSES`].
    pub(super) const fn index(self) -> usize {
        self.0 as usize
    }

    /// The class of a number below [`CLASSES`].
    pub(super) const fn from_index(index: usize) -> Self {
        assert!(index < CLASSES);
        Self(index as u8)
    }

    /// What each block of this class is allocated with.
    pub(crate) const fn layout(self) -> Layout {
        match Layout::from_size_align(SIZES[self.index()], ALIGN) {
            Ok(layout) => layout,
            Err(_) => unreachable!(),
        }
    }

    /// Blocks in one magazine.
    pub(super) const fn magazine(self) -> u32 {
        if SIZES[self.index()] > 1_024 { 8 } else { 32 }
    }

    /// Magazines that are filled with fresh blocks at once when there is nothing to recycle.
    ///
    /// Blocks come to rest in the magazines of other threads, two each; with less slack than that, threads that pass
    /// blocks to one another would come back to the allocator now and then. With more than the depot holds, they
    /// would, too: it would give back what was just made.
    pub(super) const fn restock(self) -> u32 {
        4
    }

    /// Full magazines that the depot keeps at most.
    pub(super) const fn depot_magazines(self) -> usize {
        let bytes = if self.0 == Self::NUMBERED.0 { NUMBERED_DEPOT_BYTES } else { DEPOT_BYTES };
        bytes / (self.magazine() as usize * SIZES[self.index()])
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, Layout, PLAIN, SIZES};

    #[test]
    fn the_smallest_class_that_fits_is_taken() {
        for (index, size) in SIZES.into_iter().enumerate().take(PLAIN) {
            let exact = Layout::from_size_align(size, 8).unwrap();
            assert_eq!(Class::of(exact), Some(Class::from_index(index)));
        }
        let beyond = Layout::from_size_align(SIZES[PLAIN - 1] + 1, 8).unwrap();
        assert_eq!(Class::of(beyond), None);
        assert_eq!(Class::of(Layout::from_size_align(8, 128).unwrap()), None);
    }
}
