//! One hop between two actors of the same worker: see [`loads::hop`].

mod loads;

use criterion::{Criterion, criterion_group, criterion_main};
use loads::Load;

fn hop(criterion: &mut Criterion) {
    let mut load = loads::hop::load();
    criterion.bench_function("hop", |bencher| bencher.iter_custom(|hops| load.operations(hops)));
}

criterion_group! { name = benches; config = loads::criterion(); targets = hop }
criterion_main!(benches);
