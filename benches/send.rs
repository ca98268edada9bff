//! Local `send` and its reply: see [`loads::send`].

mod loads;

use criterion::{Criterion, criterion_group, criterion_main};
use loads::Load;

fn send(criterion: &mut Criterion) {
    let mut load = loads::send::load();
    criterion.bench_function("send", |bencher| bencher.iter_custom(|requests| load.operations(requests)));
}

criterion_group! { name = benches; config = loads::criterion(); targets = send }
criterion_main!(benches);
