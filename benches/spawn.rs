//! The life of an actor with one message: see [`loads::spawn`].

mod loads;

use criterion::{Criterion, criterion_group, criterion_main};
use loads::Load;

fn spawn(criterion: &mut Criterion) {
    let mut load = loads::spawn::load();
    criterion.bench_function("spawn", |bencher| bencher.iter_custom(|lives| load.operations(lives)));
}

criterion_group! { name = benches; config = loads::criterion(); targets = spawn }
criterion_main!(benches);
