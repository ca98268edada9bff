//! Local `tell`, from the call to the end of the handler: see [`loads::tell`].

mod loads;

use criterion::{Criterion, criterion_group, criterion_main};
use loads::Load;

fn tell(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tell");
    let mut load = loads::tell::load();
    group.bench_function("awaited", |bencher| bencher.iter_custom(|messages| load.operations(messages)));
    let mut load = loads::tell::without_future();
    group.bench_function("try_tell", |bencher| bencher.iter_custom(|messages| load.operations(messages)));
    group.finish();
}

criterion_group! { name = benches; config = loads::criterion(); targets = tell }
criterion_main!(benches);
