//! `tell` from one core to another: see [`loads::cross`].

mod loads;

use criterion::{Criterion, criterion_group, criterion_main};
use loads::Load;

fn cross(criterion: &mut Criterion) {
    match loads::cross::load() {
        Ok(mut load) => {
            criterion.bench_function("cross", |bencher| bencher.iter_custom(|messages| load.operations(messages)));
        }
        Err(reason) => eprintln!("cross: not measured: {reason}"),
    }
}

criterion_group! { name = benches; config = loads::criterion(); targets = cross }
criterion_main!(benches);
