//! Publishing to 1, 10 and 100 subscribers of the same worker, and subscribing: see [`loads::publish`] and
//! [`loads::subscribe`].

mod loads;

use criterion::{Criterion, criterion_group, criterion_main};
use loads::Load;
use loads::publish::Publishing;

fn publish(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("publish");
    let mut one = Publishing::<1>::new();
    group.bench_function("1 subscriber", |bencher| bencher.iter_custom(|events| one.operations(events)));
    let mut ten = Publishing::<10>::new();
    group.bench_function("10 subscribers, each", |bencher| bencher.iter_custom(|events| ten.operations(events)));
    let mut hundred = Publishing::<100>::new();
    group.bench_function("100 subscribers, each", |bencher| bencher.iter_custom(|events| hundred.operations(events)));
    let mut subscribing = loads::subscribe::load();
    group
        .bench_function("subscribe, unsubscribe", |bencher| bencher.iter_custom(|calls| subscribing.operations(calls)));
    group.finish();
}

criterion_group! { name = benches; config = loads::criterion(); targets = publish }
criterion_main!(benches);
