//! Chance that can be repeated: xorshift64* (Vigna, <https://arxiv.org/abs/1402.6246>).

/// A stream of numbers that its seed decides.
pub(crate) struct Random(u64);

impl Random {
    /// The stream `stream` of `seed`; equal arguments give equal numbers.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        let mixed =
            seed.wrapping_add(1).wrapping_mul(0xD134_2543_DE82_EF95) ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut random = Self(mixed | 1);
        for _ in 0..8 {
            random.next();
        }
        random
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        (self.next() >> 16) % limit
    }

    /// True once in so many times.
    pub(crate) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }

    /// One of `items`.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}
