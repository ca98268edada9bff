//! 64 CPU-bound actors with one worker and with two: see [`loads::scaling`].

mod loads;

use criterion::{Criterion, criterion_group, criterion_main};
use loads::Load;

fn scaling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("scaling");
    for workers in [1, 2] {
        let mut load = loads::scaling::load(workers);
        group.bench_function(workers.to_string(), |bencher| bencher.iter_custom(|rounds| load.operations(rounds)));
    }
    group.finish();
}

criterion_group! { name = benches; config = loads::criterion(); targets = scaling }
criterion_main!(benches);
