//! What `try_tell` costs its caller: see [`loads::enqueue`].

mod loads;

use criterion::{Criterion, criterion_group, criterion_main};
use loads::Load;

fn enqueue(criterion: &mut Criterion) {
    let mut load = loads::enqueue::load();
    criterion.bench_function("enqueue", |bencher| bencher.iter_custom(|messages| load.operations(messages)));
}

criterion_group! { name = benches; config = loads::criterion(); targets = enqueue }
criterion_main!(benches);
