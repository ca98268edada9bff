//! Ping-pong with one worker and with all: see [`loads::ping_pong`].

mod loads;

use criterion::{Criterion, criterion_group, criterion_main};
use loads::Load;

fn ping_pong(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ping_pong");
    let mut load = loads::ping_pong::one_worker();
    group.bench_function("one_worker", |bencher| bencher.iter_custom(|hops| load.operations(hops)));
    let mut load = loads::ping_pong::all_workers();
    group.bench_function("all_workers", |bencher| bencher.iter_custom(|hops| load.operations(hops)));
    group.finish();
}

criterion_group! { name = benches; config = loads::criterion(); targets = ping_pong }
criterion_main!(benches);
