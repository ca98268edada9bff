//! The sizes of recycled blocks.

use crate::sync::heap::Layout;

/// Sizes in bytes; the last is that of numbered blocks: sixteen cache lines and a header.
///
/// Each is sixteen bytes short of a multiple of 64: an allocator that puts a header of that size in front of
/// each block then loses nothing to the alignment.
const SIZES: [usize; 8] = [48, 112, 240, 496, 1_008, 2_032, 4_080, 2_096];

/// How many classes there are.
pub(super) const CLASSES: usize = SIZES.len();

/// Classes of plain blocks, in the order of their sizes.
const PLAIN: usize = CLASSES - 1;

/// Blocks start on a cache line.
const ALIGN: usize = 64;

/// Bytes of one class that the depot keeps at most.
const DEPOT_BYTES: usize = 1 << 20;

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
        if SIZES[self.index()] > 1_008 { 16 } else { 32 }
    }

    /// Full magazines that the depot keeps at most.
    pub(super) const fn depot_magazines(self) -> usize {
        DEPOT_BYTES / (self.magazine() as usize * SIZES[self.index()])
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
